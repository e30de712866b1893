// HTTPS for the control API: a thread that ends TLS and passes the bytes on to the API socket of the client's role.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "control/api/control_config.h"
#include "control/api/tls/tls_session.h"

namespace sluis {

/// Connections without a verified certificate yet. Beyond it the oldest makes room.
inline constexpr std::size_t kTlsHandshakeLimit = 128;
/// Those of one IPv4 address or IPv6 /64, which many people may share. Beyond it its own oldest makes room: who only
/// holds connections open keeps nobody out.
inline constexpr std::size_t kTlsHandshakesPerSource = 32;
/// Connections with one certificate, from wherever they come. Beyond it, new ones are closed.
inline constexpr std::size_t kTlsConnectionsPerClient = 16;
/// Connections of all clients of one role. Half of what an API socket takes: local clients always find room there.
/// Beyond it the client that has most gives one up for a client that has fewer; when all have as many, the new one is
/// closed.
inline constexpr std::size_t kTlsConnectionsPerRole = 64;

/// For /metrics; written by the terminator's thread.
struct TlsCounts {
    std::atomic<std::uint64_t> handshakes{0};   ///< that led to a client with a role
    std::atomic<std::uint64_t> failed{0};       ///< handshakes that failed, or took too long
    std::atomic<std::uint64_t> turned_away{0};  ///< clients over one of the limits
    std::atomic<std::uint64_t> made_room{0};    ///< connections that were closed for newer ones
    std::atomic<std::uint64_t> connections{0};  ///< now
    std::atomic<std::int64_t> expires{0};       ///< of the box's certificate, seconds since 1970-01-01 UTC
    std::atomic<bool> reload_failed{false};     ///< newer certificates cannot be used: the former ones are
};

class TlsTerminator final : private TlsSessionOwner {
public:
    struct Sockets {
        std::string read;   ///< path of the API socket for readers
        std::string admin;  ///< and for those who may change things
    };

    /// Listens, and starts the thread. REQUIRES: what is given by reference outlives the terminator.
    static tl::expected<std::unique_ptr<TlsTerminator>, std::string> start(const ApiConfig& config, Sockets sockets,
                                                                           RemoteCallers& callers, TlsCounts& counts);
    /// Closes all connections and ends the thread.
    ~TlsTerminator();
    TlsTerminator(const TlsTerminator&) = delete;
    TlsTerminator& operator=(const TlsTerminator&) = delete;

    /// Reads the certificates again, soon; those that cannot be used are reported, and the former ones kept. Changed
    /// files are found without it, too. May be called by any thread.
    void reload();

private:
    TlsTerminator(const ApiConfig& config, Sockets sockets, RemoteCallers& callers, TlsCounts& counts);
    tl::expected<void, std::string> listen(const std::string& address);
    void run();
    void take_order();
    void load_changed(bool always);
    using Sessions = std::list<std::unique_ptr<TlsSession>>;

    void accept(int client, const struct sockaddr& address);
    template <typename Belongs>
    void limit_handshakes(std::size_t limit, Belongs belongs);
    bool make_room_for(std::size_t held, Role role);
    void end_for_another(Sessions::iterator session);

    static void on_accept(evconnlistener*, evutil_socket_t client, sockaddr* address, int, void* terminator);
    static void on_order(evutil_socket_t, short, void* terminator);
    static void on_time(evutil_socket_t, short, void* terminator);

    const std::string& socket_for(Role role) override { return role == Role::admin ? sockets_.admin : sockets_.read; }
    bool admit(const Caller& caller) override;
    RemoteCallers& callers() override { return callers_; }
    void count_handshake(bool done) override { ++(done ? counts_.handshakes : counts_.failed); }
    void close(TlsSession& session) override;

    ApiConfig config_;
    Sockets sockets_;
    RemoteCallers& callers_;
    TlsCounts& counts_;
    EventBase base_{event_base_new()};
    std::shared_ptr<const TlsSettings> settings_;
    std::string marks_;  ///< of the files when they were last read
    int orders_ = -1;    ///< an eventfd: 1 reload, kEnd end
    LoopEvent order_, time_;
    std::vector<Listener> listeners_;
    Sessions sessions_;  ///< the oldest first
    std::thread thread_;
};

}  // namespace sluis
