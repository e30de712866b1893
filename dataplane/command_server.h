// The dataplane's end of the command socket, served by the main thread between its other duties: nothing here waits for
// a client. What is bounded: clients at once, bytes and descriptors of a message, the time that a client may be silent,
// and one message of each client a round. One change at a time; the next one is told to try again (BUSY).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/command.pb.h"
#include "dataplane/interface/command_socket.h"
#include "dataplane/interface/socket_file.h"

namespace sluis {

/// What commands do. Called by the main thread only.
class CommandHandler {
public:
    virtual command::State state() = 0;
    /// An answer at once, or nothing: then `outcome` has it later, and until then no other offer is taken.
    virtual std::optional<command::Reply> offer(const command::Offer& offer,
                                                std::vector<FileDescriptor> descriptors) = 0;
    /// As `offer`: another mode of a pair; and the text of another configuration.
    virtual std::optional<command::Reply> set_mode(const command::SetMode& wanted) = 0;
    virtual std::optional<command::Reply> configure(const command::Configure& request, FileDescriptor text) = 0;
    /// The process ends once this is answered.
    virtual command::Reply end() = 0;
    /// The answer to what is on its way; nothing while it is not decided. Never waits.
    virtual std::optional<command::Reply> outcome() = 0;

protected:
    ~CommandHandler() = default;
};

/// Traces, likewise: each belongs to the connection that asked for it.
class TraceHandler {
public:
    using Time = std::chrono::steady_clock::time_point;
    struct TraceAnswer {
        command::Reply reply;
        int memory = -1;  ///< with OK: a descriptor to hand out, which stays the handler's
    };
    virtual TraceAnswer begin_trace(const command::Trace& wanted, Time now) = 0;
    /// Who asked for it is gone.
    virtual void stop_trace() = 0;
    virtual bool is_tracing() const = 0;
    /// Ends what is over. Called each round; never waits.
    virtual void advance(Time now) = 0;

protected:
    ~TraceHandler() = default;
};

class CommandServer {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// Clients served at once; more wait to be accepted.
    static constexpr std::size_t kClients = 8;
    /// A client that says nothing for so long has to connect again.
    static constexpr std::chrono::seconds kSilence{10};

    /// Listens. REQUIRES: the handlers outlive the server, and the RuntimeLock is held.
    static tl::expected<std::unique_ptr<CommandServer>, std::string> make(const std::string& runtime_directory,
                                                                          const std::string& group,
                                                                          CommandHandler& handler,
                                                                          TraceHandler& traces);
    /// The socket's name goes, as long as it is this one's; clients are disconnected.
    ~CommandServer();
    CommandServer(const CommandServer&) = delete;
    CommandServer& operator=(const CommandServer&) = delete;

    /// Becomes readable when there is something to serve (epoll).
    int descriptor() const noexcept { return events_.get(); }
    /// Whether an offer is on its way, or a trace on, whose outcome only time brings: call `serve` again soon.
    bool is_waiting() const noexcept { return waiting_ || traces_.is_tracing(); }
    /// Serves what is there, at most one message of each client, and disconnects who was silent for too long.
    void serve(Time now);

private:
    struct Client {
        FileDescriptor socket;
        Time heard;
        bool offered = false;  ///< it gets the outcome
        bool traces = false;   ///< the trace ends with it
        bool is_heard() const noexcept { return !offered && !traces; }
    };

    CommandServer(const std::string& path, std::string group, FileDescriptor listener, FileDescriptor events,
                  CommandHandler& handler, TraceHandler& traces);
    void accept_all(Time now);
    void serve_client(std::size_t place, Time now);
    std::optional<command::Reply> answer(CommandMessage message);
    void finish_offer(Time now);
    void begin_trace(std::size_t place, const command::Trace& wanted, Time now);
    void finish_trace(Time now);
    void reply(std::size_t place, const command::Reply& reply, Time now);
    void disconnect(std::size_t place);
    void disconnect_silent(Time now);
    void listen_while_there_is_room();
    bool watch(int operation, int descriptor, std::size_t place, bool wanted);

    std::string group_;
    FileDescriptor listener_, events_;
    SocketFile name_;
    CommandHandler& handler_;
    TraceHandler& traces_;
    std::vector<std::optional<Client>> clients_{kClients};
    bool waiting_ = false;
};

}  // namespace sluis
