// One client's connection to the notice page: one request is read and answered, whatever it is, and that is all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "control/api/event_handles.h"
#include "control/notice/notice_page.h"
#include "control/notice/notice_request.h"

namespace sluis {

class NoticeConnection;

/// What a connection asks of its server.
class NoticeConnectionOwner {
public:
    virtual const NoticePages& pages() const = 0;
    virtual void count(NoticeStatus status) = 0;
    /// Ends the connection: it must not be touched any more.
    virtual void close(NoticeConnection& connection) = 0;

protected:
    ~NoticeConnectionOwner() = default;
};

class NoticeConnection {
public:
    /// Takes `descriptor`. `source`: see source_of(). REQUIRES: `owner` and `base` outlive it.
    NoticeConnection(NoticeConnectionOwner& owner, event_base& base, int descriptor, std::string source);
    NoticeConnection(const NoticeConnection&) = delete;
    NoticeConnection& operator=(const NoticeConnection&) = delete;

    const std::string& source() const { return source_; }

private:
    enum class State : std::uint8_t {
        head,
        answer,  ///< is being sent
        linger,  ///< the answer is sent, what the client still sends is thrown away
    };

    static void on_read(bufferevent*, void* connection);
    static void on_written(bufferevent*, void* connection);
    static void on_event(bufferevent*, short what, void* connection);
    static void on_deadline(evutil_socket_t, short, void* connection);
    void enter(State state);
    void read_head();
    void answer(const std::optional<NoticeRequest>& request, NoticeStatus status);
    void linger();
    bool drain();

    NoticeConnectionOwner& owner_;
    std::string source_;
    BufferEvent stream_;
    LoopEvent deadline_;
    State state_ = State::head;
    std::size_t drained_ = 0;
    bool has_ended_ = false;  ///< the client sends nothing more
};

}  // namespace sluis
