#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "control/api/tls/mbedtls_tls.h"
#include "control/api/tls/pem_file.h"
#include "control/cli/api_stream.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

constexpr const char* kDefaultPort = "8443";

class TlsStream final : public ApiStream {
public:
    explicit TlsStream(long patience) : patience_(patience) {
        mbedtls_net_init(&net_);
        mbedtls_entropy_init(&entropy_);
        mbedtls_ctr_drbg_init(&random_);
        mbedtls_x509_crt_init(&ca_);
        mbedtls_x509_crt_init(&certificate_);
        mbedtls_pk_init(&key_);
        mbedtls_ssl_config_init(&config_);
        mbedtls_ssl_init(&ssl_);
    }
    ~TlsStream() override {
        mbedtls_ssl_free(&ssl_);
        mbedtls_ssl_config_free(&config_);
        mbedtls_pk_free(&key_);
        mbedtls_x509_crt_free(&certificate_);
        mbedtls_x509_crt_free(&ca_);
        mbedtls_ctr_drbg_free(&random_);
        mbedtls_entropy_free(&entropy_);
        mbedtls_net_free(&net_);
    }
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Before connect.
    Status load(const ApiTarget& target) {
        if (!mbedtls::start_cryptography() ||
            mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0) != 0)
            return tl::unexpected(std::string("there is no randomness"));
        const auto of = [](const char* option) {
            return [option](const std::string& why) { return std::string(option) + ": " + why; };
        };
        if (Status read = mbedtls::read_certificates(target.ca, ca_).map_error(of("--ca")); !read) return read;
        if (Status read = mbedtls::read_certificates(target.certificate, certificate_).map_error(of("--cert")); !read)
            return read;
        return mbedtls::read_private_key(target.key, key_, random_).map_error(of("--key"));
    }

    Status connect(const ApiTarget& target) {
        server_ = target.server;
        std::string host = server_, port = kDefaultPort;
        const auto colon = host.rfind(':');
        if (colon != std::string::npos && (host.back() != ']')) port = host.substr(colon + 1), host.resize(colon);
        if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
        if (const int code = mbedtls_net_connect(&net_, host.c_str(), port.c_str(), MBEDTLS_NET_PROTO_TCP); code != 0)
            return mbedtls::failure(target.server + ": cannot be reached", code);
        const timeval limit{patience_, 0};
        ::setsockopt(net_.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(net_.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        return shake_hands(target.server, target.server_name.empty() ? host : target.server_name);
    }

    Status send(std::string_view bytes) override {
        while (!bytes.empty()) {
            const int sent =
                mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
            if (sent <= 0) return mbedtls::failure(server_, sent);
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }

    tl::expected<bool, std::string> receive(std::string& to) override {
        std::array<unsigned char, 16384> room;
        for (;;) {
            const int received = mbedtls_ssl_read(&ssl_, room.data(), room.size());
            if (received > 0) {
                to.append(reinterpret_cast<const char*>(room.data()), static_cast<std::size_t>(received));
                return true;
            }
            if (received == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return false;
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            if (received == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) continue;
#endif
            if (received == MBEDTLS_ERR_NET_RECV_FAILED && errno == EAGAIN)
                return tl::unexpected(server_ + ": " + no_answer(patience_));
            return mbedtls::failure(server_ + ": sluis-control refuses this certificate, or the connection broke off",
                                    received == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : received);
        }
    }

private:
    Status shake_hands(const std::string& server, const std::string& name) {
        int code = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                               MBEDTLS_SSL_PRESET_DEFAULT);
        mbedtls::set_versions(config_);
        mbedtls_ssl_conf_ciphersuites(&config_, mbedtls::kCipherSuites);
        mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
        mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_ca_chain(&config_, &ca_, nullptr);
        if (code == 0) code = mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_);
        if (code == 0) code = mbedtls_ssl_setup(&ssl_, &config_);
        if (code == 0) code = mbedtls_ssl_set_hostname(&ssl_, name.c_str());
        if (code != 0) return mbedtls::failure("TLS cannot be set up", code);
        mbedtls_ssl_set_bio(&ssl_, &net_, mbedtls_net_send, mbedtls_net_recv, nullptr);
        code = mbedtls_ssl_handshake(&ssl_);
        if (code == 0) return {};
        if (code == MBEDTLS_ERR_NET_RECV_FAILED && errno == EAGAIN)
            return tl::unexpected(server + ": " + no_answer(patience_));
        const std::uint32_t wrong = mbedtls_ssl_get_verify_result(&ssl_);
        if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED && (wrong & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
            return tl::unexpected(server + ": its certificate is not for \"" + name +
                                  "\"; say by --server-name what for");
        return mbedtls::failure(server + ": no TLS", code);
    }

    std::string server_;  ///< as it was given
    long patience_;
    mbedtls_net_context net_;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_x509_crt ca_;
    mbedtls_x509_crt certificate_;
    mbedtls_pk_context key_;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
};

}  // namespace

OpenedStream open_tls_stream(const ApiTarget& target, long patience) {
    auto stream = std::make_unique<TlsStream>(patience);
    if (const Status loaded = stream->load(target); !loaded) return tl::unexpected(loaded.error());
    if (const Status connected = stream->connect(target); !connected) return tl::unexpected(connected.error());
    return stream;
}

}  // namespace sluis
