#include "control/api/tls/tls_session.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "control/api/tls/client_certificate.h"
#include "control/api/unix_socket.h"

namespace sluis {
namespace {

/// Steps of one session before others have their turn.
constexpr int kStepsAtOnce = 16;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

void set_watched(const LoopEvent& event, bool wanted) {
    if (event == nullptr) return;
    if (wanted)
        event_add(event.get(), nullptr);
    else
        event_del(event.get());
}

}  // namespace

TlsSession::TlsSession(TlsSessionOwner& owner, event_base& base, int client, std::string source,
                       std::shared_ptr<const TlsSettings> settings)
    : owner_(owner),
      base_(base),
      source_(std::move(source)),
      settings_(std::move(settings)),
      client_(client),
      client_readable_(event_new(&base, client, EV_READ, on_ready, this)),
      client_writable_(event_new(&base, client, EV_WRITE, on_ready, this)),
      deadline_(event_new(&base, -1, EV_TIMEOUT, on_deadline, this)) {
    mbedtls_ssl_init(&ssl_);
    failed_ = mbedtls_ssl_setup(&ssl_, &settings_->ssl()) != 0;
    mbedtls_ssl_set_bio(&ssl_, this, send_to_client, receive_from_client, nullptr);
    set_deadline(kHandshakeTime);
    event_active(client_readable_.get(), EV_READ, 0);
}

TlsSession::~TlsSession() {
    if (!own_address_.empty()) owner_.callers().remove(own_address_);
    mbedtls_ssl_free(&ssl_);
    // Events go before the descriptors that they watch.
    client_readable_.reset();
    client_writable_.reset();
    api_readable_.reset();
    api_writable_.reset();
    ::close(client_);
    if (api_ >= 0) ::close(api_);
}

int TlsSession::send_to_client(void* session, const unsigned char* bytes, std::size_t size) {
    const ssize_t sent = ::send(static_cast<TlsSession*>(session)->client_, bytes, size, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<int>(sent);
    return would_block() ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

int TlsSession::receive_from_client(void* session, unsigned char* bytes, std::size_t size) {
    const ssize_t received = ::recv(static_cast<TlsSession*>(session)->client_, bytes, size, 0);
    if (received >= 0) return static_cast<int>(received);
    return would_block() ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

void TlsSession::on_ready(evutil_socket_t, short, void* session) { static_cast<TlsSession*>(session)->pump(); }

void TlsSession::on_deadline(evutil_socket_t, short, void* session) {
    auto& self = *static_cast<TlsSession*>(session);
    if (self.is_shaking_hands()) self.owner_.count_handshake(false);
    self.owner_.close(self);
}

void TlsSession::set_deadline(std::chrono::seconds time) {
    const timeval after = interval(time);
    event_add(deadline_.get(), &after);
}

/// Does what can be done now.
void TlsSession::pump() {
    if (lingers_) return throw_away_input();
    client_wants_write_ = false;
    if (!failed_ && is_shaking_hands() && !shake_hands()) failed_ = true;
    int steps = 0;
    if (!failed_ && !is_shaking_hands())
        while (steps < kStepsAtOnce && move()) ++steps;
    if (failed_) return owner_.close(*this);
    if (api_ended_ && down_.is_empty()) return begin_to_linger();
    if (steps > 0) {
        moved_ = Clock::now();
        set_deadline(kSilentTime);
    }
    watch();
    // TLS may hold bytes that no socket tells of.
    if (steps == kStepsAtOnce) event_active(client_readable_.get(), EV_READ, 0);
}

/// False when the session is over.
bool TlsSession::shake_hands() {
    const int code = mbedtls_ssl_handshake(&ssl_);
    if (code == MBEDTLS_ERR_SSL_WANT_READ) return true;
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE) return client_wants_write_ = true;
    auto caller = code == 0 ? verified_caller() : std::nullopt;
    if (caller && !owner_.admit(*caller)) return false;
    if (caller) caller_ = std::move(*caller);
    const bool done = caller && connect_to_api();
    owner_.count_handshake(done);
    return done;
}

std::optional<Caller> TlsSession::verified_caller() const {
    const mbedtls_x509_crt* certificate = mbedtls_ssl_get_peer_cert(&ssl_);
    if (certificate == nullptr || mbedtls_ssl_get_verify_result(&ssl_) != 0) return std::nullopt;
    return caller_of(*certificate, settings_->config());
}

bool TlsSession::connect_to_api() {
    api_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (api_ < 0) return false;
    own_address_ = bind_to_own_address(api_);
    if (own_address_.empty()) return false;
    owner_.callers().add(own_address_, caller_.name);
    if (connect_to_unix_socket(api_, owner_.socket_for(caller_.role)) != 0) return false;
    api_readable_.reset(event_new(&base_, api_, EV_READ, on_ready, this));
    api_writable_.reset(event_new(&base_, api_, EV_WRITE, on_ready, this));
    set_deadline(kSilentTime);
    return true;
}

/// One step in each direction; false when nothing moved.
bool TlsSession::move() {
    bool moved = false;
    for (const auto step :
         {&TlsSession::read_client, &TlsSession::write_api, &TlsSession::read_api, &TlsSession::write_client}) {
        if (failed_) return false;
        moved = (this->*step)() || moved;
    }
    return moved;
}

/// What a call into TLS came to: false, nothing is lost, or the session has failed.
bool TlsSession::judge(int code) {
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE) client_wants_write_ = true;
    const bool waits = code == MBEDTLS_ERR_SSL_WANT_WRITE || code == MBEDTLS_ERR_SSL_WANT_READ;
    failed_ = !waits;
    return false;
}

bool TlsSession::read_client() {
    if (!up_.is_empty() || client_ended_) return false;
    const int count = mbedtls_ssl_read(&ssl_, up_.bytes.data(), up_.bytes.size());
    if (count > 0) {
        up_.begin = 0;
        up_.end = static_cast<std::size_t>(count);
        return true;
    }
    // An end without this alert may be an attacker's.
    if (count == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return client_ended_ = true;
    return judge(count == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : count);
}

bool TlsSession::write_api() {
    if (up_.is_empty()) {
        if (!client_ended_ || up_shut_) return false;
        ::shutdown(api_, SHUT_WR);
        return up_shut_ = true;
    }
    const ssize_t sent = ::send(api_, up_.bytes.data() + up_.begin, up_.end - up_.begin, MSG_NOSIGNAL);
    if (sent > 0) up_.begin += static_cast<std::size_t>(sent);
    // An API that takes no more may have answered already: that is still to be read.
    if (sent < 0 && !would_block()) up_.begin = up_.end;
    return sent > 0;
}

bool TlsSession::read_api() {
    if (!down_.is_empty() || api_ended_) return false;
    const ssize_t received = ::recv(api_, down_.bytes.data(), down_.bytes.size(), 0);
    if (received < 0 && would_block()) return false;
    down_.begin = 0;
    down_.end = received > 0 ? static_cast<std::size_t>(received) : 0;
    api_ended_ = received <= 0;
    return received > 0;
}

bool TlsSession::write_client() {
    if (down_.is_empty()) return false;
    const int count = mbedtls_ssl_write(&ssl_, down_.bytes.data() + down_.begin, down_.end - down_.begin);
    if (count <= 0) return judge(count);
    down_.begin += static_cast<std::size_t>(count);
    return true;
}

void TlsSession::begin_to_linger() {
    lingers_ = true;
    mbedtls_ssl_close_notify(&ssl_);
    ::shutdown(client_, SHUT_WR);
    for (const LoopEvent* event : {&client_writable_, &api_readable_, &api_writable_}) set_watched(*event, false);
    set_deadline(kLingerTime);
    throw_away_input();
}

void TlsSession::throw_away_input() {
    for (int step = 0; step < kStepsAtOnce; ++step) {
        const ssize_t received = ::recv(client_, up_.bytes.data(), up_.bytes.size(), 0);
        if (received > 0) continue;
        if (received == 0 || !would_block()) return owner_.close(*this);
        break;
    }
    set_watched(client_readable_, true);
}

void TlsSession::watch() {
    const bool is_open = !is_shaking_hands();
    set_watched(client_readable_, !is_open || (up_.is_empty() && !client_ended_));
    set_watched(client_writable_, client_wants_write_);
    set_watched(api_readable_, is_open && down_.is_empty() && !api_ended_);
    set_watched(api_writable_, is_open && !up_.is_empty());
}

}  // namespace sluis
