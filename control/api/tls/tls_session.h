// One TLS connection: the handshake, then bytes back and forth between the client and an API socket.
#pragma once

#include <mbedtls/ssl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "control/api/caller.h"
#include "control/api/event_handles.h"
#include "control/api/tls/tls_settings.h"

namespace sluis {

class TlsSession;

class TlsSessionOwner {
public:
    /// The path of the API socket for clients of a role.
    virtual const std::string& socket_for(Role role) = 0;
    /// Whether a client whose certificate is verified may have one connection more; it counts why not. May end other
    /// sessions.
    virtual bool admit(const Caller& caller) = 0;
    virtual RemoteCallers& callers() = 0;
    virtual void count_handshake(bool done) = 0;
    /// Ends the session: it must not be touched any more.
    virtual void close(TlsSession& session) = 0;

protected:
    ~TlsSessionOwner() = default;
};

class TlsSession {
public:
    using Clock = std::chrono::steady_clock;

    /// From the connection to the end of the handshake.
    static constexpr std::chrono::seconds kHandshakeTime{10};
    /// Without a byte in either direction; longer than the API waits itself.
    static constexpr std::chrono::seconds kSilentTime{90};
    /// What a client may still send after the last answer; to close before it has would take the answer with it.
    static constexpr std::chrono::seconds kLingerTime{2};

    /// Takes `client`, a non-blocking socket. `source`: what its connections are limited by. REQUIRES: `owner` and
    /// `base` outlive it.
    TlsSession(TlsSessionOwner& owner, event_base& base, int client, std::string source,
               std::shared_ptr<const TlsSettings> settings);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    const std::string& source() const { return source_; }
    bool is_shaking_hands() const { return api_ < 0; }
    /// Who it is, once the handshake is done.
    const Caller& caller() const { return caller_; }
    /// When the last byte of either direction came through.
    Clock::time_point moved() const { return moved_; }

private:
    /// Bytes on their way in one direction.
    struct Buffer {
        std::array<unsigned char, 16384> bytes;
        std::size_t begin = 0, end = 0;
        bool is_empty() const { return begin == end; }
    };

    static int send_to_client(void* session, const unsigned char* bytes, std::size_t size);
    static int receive_from_client(void* session, unsigned char* bytes, std::size_t size);
    static void on_ready(evutil_socket_t, short, void* session);
    static void on_deadline(evutil_socket_t, short, void* session);
    void pump();
    bool shake_hands();
    std::optional<Caller> verified_caller() const;
    bool connect_to_api();
    bool move();
    bool read_client();
    bool write_api();
    bool read_api();
    bool write_client();
    bool judge(int code);
    void begin_to_linger();
    void throw_away_input();
    void watch();
    void set_deadline(std::chrono::seconds time);

    TlsSessionOwner& owner_;
    event_base& base_;
    std::string source_;
    std::shared_ptr<const TlsSettings> settings_;
    mbedtls_ssl_context ssl_;
    int client_;
    int api_ = -1;
    Caller caller_;
    std::string own_address_;  ///< of the connection to the API
    Clock::time_point moved_ = Clock::now();
    Buffer up_, down_;
    bool client_wants_write_ = false;  ///< TLS has bytes that the socket did not take
    bool client_ended_ = false;        ///< the client sends nothing more
    bool api_ended_ = false;           ///< neither does the API
    bool up_shut_ = false;             ///< the API knows that the client has ended
    bool failed_ = false;
    bool lingers_ = false;  ///< all is sent; what still comes is thrown away
    LoopEvent client_readable_, client_writable_, api_readable_, api_writable_, deadline_;
};

}  // namespace sluis
