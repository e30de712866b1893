// What a TLS server shows and asks for: its certificate and key, and whose certificates it takes.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "control/api/control_config.h"

namespace sluis {

/// For one thread: the random generator is in it.
class TlsSettings {
public:
    /// Reads the files. The error is one line: the file, and what is wrong.
    static tl::expected<std::shared_ptr<const TlsSettings>, std::string> load(const ApiConfig& config);
    ~TlsSettings();
    TlsSettings(const TlsSettings&) = delete;
    TlsSettings& operator=(const TlsSettings&) = delete;

    const mbedtls_ssl_config& ssl() const { return ssl_; }
    const ApiConfig& config() const { return config_; }
    /// When the box's certificate expires, seconds since 1970-01-01 UTC.
    std::int64_t expires() const;

private:
    explicit TlsSettings(ApiConfig config);
    tl::expected<void, std::string> read_files();
    tl::expected<void, std::string> read_key();
    tl::expected<void, std::string> configure();

    ApiConfig config_;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_x509_crt certificate_;
    mbedtls_pk_context key_;
    mbedtls_x509_crt client_ca_;
    mbedtls_x509_crl client_crl_;
    mbedtls_ssl_config ssl_;
};

}  // namespace sluis
