// One client's connection: requests one after the other, each read, judged and answered within its time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "control/api/caller.h"
#include "control/api/event_handles.h"
#include "control/api/request.h"
#include "control/api/router.h"

namespace sluis {

class HttpConnection;

/// What a connection asks of the socket that it came by.
class HttpConnectionOwner {
public:
    virtual const Router& router() const = 0;
    /// Sets aside room for a body; false when all bodies together would be too large.
    virtual bool take_room(std::size_t bytes) = 0;
    virtual void give_room_back(std::size_t bytes) = 0;
    virtual void count(Method method, int status) = 0;
    /// Ends the connection: it must not be touched any more.
    virtual void close(HttpConnection& connection) = 0;

protected:
    ~HttpConnectionOwner() = default;
};

class HttpConnection {
public:
    /// Takes `descriptor`. REQUIRES: `owner` and `base` outlive it.
    HttpConnection(HttpConnectionOwner& owner, event_base& base, int descriptor, Caller caller);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    /// Whether it could be closed without a loss: no whole head has come, or the answer is sent.
    bool is_waiting() const { return state_ == State::idle || state_ == State::head || state_ == State::linger; }
    /// Answers without a request, and ends: there is no room.
    void turn_away();
    /// What is new in a stream goes out, as far as the client takes it; false when it is to be closed: it is too slow.
    bool advance_stream();

private:
    enum class State : std::uint8_t {
        idle,  ///< before a request's first byte
        head,
        body,
        answer,  ///< is being sent; nothing is read
        linger,  ///< the answer is sent, what the client still sends is thrown away
        stream,  ///< an answer without an end
    };

    static void on_read(bufferevent*, void* connection);
    static void on_written(bufferevent*, void* connection);
    static void on_event(bufferevent*, short what, void* connection);
    static void on_deadline(evutil_socket_t, short, void* connection);
    void enter(State state);
    bool read_some();
    bool read_head();
    bool read_body();
    void throw_away_input();
    void begin_body(std::size_t size);
    void handle();
    void answer(const Response& response);
    void begin_stream(Response response);
    void write_stream(std::string_view bytes);
    bool beat();
    void answer_last(const Response& response);
    void after_answer();
    void release_room();

    HttpConnectionOwner& owner_;
    Caller caller_;
    BufferEvent stream_;
    LoopEvent deadline_;
    State state_ = State::idle;
    Request request_;
    const Route* route_ = nullptr;
    std::size_t body_size_ = 0;  ///< bytes that the body will have, and that room is taken for
    bool keep_alive_ = false;
    bool has_ended_ = false;  ///< the client sends nothing more
    std::unique_ptr<ResponseStream> stream_body_;
    std::uint64_t streamed_ = 0;       ///< bytes of the stream that were written
    std::uint64_t taken_at_beat_ = 0;  ///< of these, what the client had taken at the last beat
};

}  // namespace sluis
