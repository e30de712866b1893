// TLS towards a collector, over a socket that does not block: the transport of syslog over TLS (RFC 5425).
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// Files, PEM.
struct CollectorTlsConfig {
    std::string ca;           ///< whose certificates are taken; empty: no TLS
    std::string certificate;  ///< shown to the collector, with its key; empty: none is
    std::string key;
    std::string name;  ///< that the collector's certificate has to be for
};

/// One connection's TLS. Contexts of mbedTLS point at each other, so it stays where it was made.
class CollectorTls {
public:
    using Time = std::chrono::steady_clock::time_point;

    /// Reads the files, and shakes hands by `until`. The socket outlives the result. The error is one line.
    static tl::expected<std::unique_ptr<CollectorTls>, std::string> begin(const CollectorTlsConfig& config, int socket,
                                                                          Time until);
    /// Says farewell where the socket takes it at once (RFC 5425, section 4.4).
    ~CollectorTls();
    CollectorTls(const CollectorTls&) = delete;
    CollectorTls& operator=(const CollectorTls&) = delete;

    /// All of it by `until`. Afterwards, where false, the connection is good for nothing any more.
    bool write(std::string_view bytes, Time until);
    /// Throws away what came in, as much as there is of a collector, which has nothing to say. False when the other
    /// side has ended, or broken, the connection.
    bool look();

private:
    explicit CollectorTls(int socket);
    tl::expected<void, std::string> read_files(const CollectorTlsConfig& config);
    tl::expected<void, std::string> configure(const CollectorTlsConfig& config);
    tl::expected<void, std::string> shake_hands(const CollectorTlsConfig& config, Time until);
    /// Whether what `code` of mbedTLS asks for came by `until`.
    bool wait(int code, Time until) const;

    int socket_;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_x509_crt ca_;
    mbedtls_x509_crt certificate_;
    mbedtls_pk_context key_;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
};

}  // namespace sluis
