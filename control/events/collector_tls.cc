#include "control/events/collector_tls.h"

#include <mbedtls/net_sockets.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "control/api/tls/mbedtls_tls.h"
#include "control/api/tls/pem_file.h"
#include "control/events/socket_wait.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int send_bytes(void* socket, const unsigned char* data, std::size_t size) {
    const ssize_t count = ::send(*static_cast<const int*>(socket), data, size, MSG_NOSIGNAL);
    if (count >= 0) return static_cast<int>(count);
    return would_block() ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_SEND_FAILED;
}

int receive_bytes(void* socket, unsigned char* data, std::size_t size) {
    const ssize_t count = ::recv(*static_cast<const int*>(socket), data, size, MSG_DONTWAIT);
    if (count >= 0) return static_cast<int>(count);
    return would_block() ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_NET_RECV_FAILED;
}

/// Why a certificate is none to rely on, by mbedTLS's flags.
std::string distrust(std::uint32_t wrong, const CollectorTlsConfig& config) {
    if ((wrong & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
        return "not for \"" + config.name + "\"; set syslog_name in [events]";
    if ((wrong & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) return "not signed by anybody in " + config.ca;
    if ((wrong & MBEDTLS_X509_BADCERT_EXPIRED) != 0) return "out of date; renew it, or set the box's clock";
    if ((wrong & MBEDTLS_X509_BADCERT_FUTURE) != 0) return "of the future; set the box's clock";
    return "none to rely on: a usage, key or signature is not what TLS needs";
}

}  // namespace

CollectorTls::CollectorTls(int socket) : socket_(socket) {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&random_);
    mbedtls_x509_crt_init(&ca_);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_pk_init(&key_);
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
}

CollectorTls::~CollectorTls() {
    mbedtls_ssl_close_notify(&ssl_);
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_pk_free(&key_);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_x509_crt_free(&ca_);
    mbedtls_ctr_drbg_free(&random_);
    mbedtls_entropy_free(&entropy_);
}

/// The files are read for each connection: newer ones are taken up with the next.
tl::expected<std::unique_ptr<CollectorTls>, std::string> CollectorTls::begin(const CollectorTlsConfig& config,
                                                                             int socket, Time until) {
    std::unique_ptr<CollectorTls> tls(new CollectorTls(socket));
    const Status status = tls->read_files(config).and_then([&] { return tls->configure(config); }).and_then([&] {
        return tls->shake_hands(config, until);
    });
    if (!status) return tl::unexpected(status.error());
    return tls;
}

Status CollectorTls::read_files(const CollectorTlsConfig& config) {
    if (!mbedtls::start_cryptography() ||
        mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0) != 0)
        return tl::unexpected(std::string("there is no randomness"));
    if (Status read = mbedtls::read_certificates(config.ca, ca_); !read || config.certificate.empty()) return read;
    if (Status read = mbedtls::read_certificates(config.certificate, certificate_); !read) return read;
    if (Status read = mbedtls::read_private_key(config.key, key_, random_); !read) return read;
    if (mbedtls::is_pair(certificate_.pk, key_, random_)) return {};
    return tl::unexpected(config.key + ": is not the key of " + config.certificate);
}

Status CollectorTls::configure(const CollectorTlsConfig& config) {
    int code = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls::set_versions(config_);
    mbedtls_ssl_conf_ciphersuites(&config_, mbedtls::kCipherSuites);
    mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config_, &ca_, nullptr);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    if (code == 0 && !config.certificate.empty()) code = mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_);
    if (code == 0) code = mbedtls_ssl_setup(&ssl_, &config_);
    if (code == 0) code = mbedtls_ssl_set_hostname(&ssl_, config.name.c_str());
    if (code != 0) return mbedtls::failure("TLS cannot be set up", code);
    mbedtls_ssl_set_bio(&ssl_, &socket_, send_bytes, receive_bytes, nullptr);
    return {};
}

Status CollectorTls::shake_hands(const CollectorTlsConfig& config, Time until) {
    int code = 0;
    do code = mbedtls_ssl_handshake(&ssl_);
    while (wait(code, until));
    if (code == 0) return {};
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return tl::unexpected(
            std::string("the collector does not answer to TLS; is its port one for syslog over TLS?"));
    if (code != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return mbedtls::failure("no TLS", code);
    return tl::unexpected("the collector's certificate is " + distrust(mbedtls_ssl_get_verify_result(&ssl_), config));
}

bool CollectorTls::wait(int code, Time until) const {
    if (code == MBEDTLS_ERR_SSL_WANT_READ) return wait_for_socket(socket_, POLLIN, until);
    return code == MBEDTLS_ERR_SSL_WANT_WRITE && wait_for_socket(socket_, POLLOUT, until);
}

bool CollectorTls::write(std::string_view bytes, Time until) {
    while (!bytes.empty()) {
        const int code = mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        if (code > 0)
            bytes.remove_prefix(static_cast<std::size_t>(code));
        else if (!wait(code, until))
            return false;
    }
    return true;
}

bool CollectorTls::look() {
    std::array<unsigned char, 4096> thrown_away;
    for (int reads = 0; reads < kLookReads; ++reads) {
        const int code = mbedtls_ssl_read(&ssl_, thrown_away.data(), thrown_away.size());
        if (code > 0) continue;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;
#endif
        return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    return true;
}

}  // namespace sluis
