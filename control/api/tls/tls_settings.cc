#include "control/api/tls/tls_settings.h"

#include <time.h>

#include "control/api/tls/mbedtls_tls.h"
#include "control/api/tls/pem_file.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

}  // namespace

TlsSettings::TlsSettings(ApiConfig config) : config_(std::move(config)) {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&random_);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_pk_init(&key_);
    mbedtls_x509_crt_init(&client_ca_);
    mbedtls_x509_crl_init(&client_crl_);
    mbedtls_ssl_config_init(&ssl_);
}

TlsSettings::~TlsSettings() {
    mbedtls_ssl_config_free(&ssl_);
    mbedtls_x509_crl_free(&client_crl_);
    mbedtls_x509_crt_free(&client_ca_);
    mbedtls_pk_free(&key_);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_ctr_drbg_free(&random_);
    mbedtls_entropy_free(&entropy_);
}

tl::expected<std::shared_ptr<const TlsSettings>, std::string> TlsSettings::load(const ApiConfig& config) {
    if (!mbedtls::start_cryptography()) return tl::unexpected(std::string("mbedTLS's cryptography does not start"));
    std::shared_ptr<TlsSettings> settings(new TlsSettings(config));
    if (const int code =
            mbedtls_ctr_drbg_seed(&settings->random_, mbedtls_entropy_func, &settings->entropy_, nullptr, 0);
        code != 0)
        return mbedtls::failure("there is no randomness", code);
    if (const Status read = settings->read_files(); !read) return tl::unexpected(read.error());
    if (const Status configured = settings->configure(); !configured) return tl::unexpected(configured.error());
    return settings;
}

Status TlsSettings::read_files() {
    if (Status read = mbedtls::read_certificates(config_.certificate, certificate_); !read) return read;
    if (Status read = mbedtls::read_certificates(config_.client_ca, client_ca_); !read) return read;
    if (!config_.client_crl.empty())
        if (Status read = mbedtls::read_revocations(config_.client_crl, client_crl_); !read) return read;
    return read_key();
}

Status TlsSettings::read_key() {
    if (Status read = mbedtls::read_private_key(config_.key, key_, random_); !read) return read;
    if (mbedtls::is_pair(certificate_.pk, key_, random_)) return {};
    return tl::unexpected(config_.key + ": is not the key of " + config_.certificate);
}

Status TlsSettings::configure() {
    int code = mbedtls_ssl_config_defaults(&ssl_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    if (code == 0) code = mbedtls_ssl_conf_own_cert(&ssl_, &certificate_, &key_);
    if (code != 0) return mbedtls::failure("TLS cannot be set up", code);
    mbedtls::set_versions(ssl_);
    mbedtls_ssl_conf_ciphersuites(&ssl_, mbedtls::kCipherSuites);
    mbedtls_ssl_conf_rng(&ssl_, mbedtls_ctr_drbg_random, &random_);
    mbedtls_ssl_conf_authmode(&ssl_, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&ssl_, &client_ca_, config_.client_crl.empty() ? nullptr : &client_crl_);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&ssl_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    return {};
}

std::int64_t TlsSettings::expires() const {
    const mbedtls_x509_time& end = certificate_.valid_to;
    tm parts{};
    parts.tm_year = end.year - 1900;
    parts.tm_mon = end.mon - 1;
    parts.tm_mday = end.day;
    parts.tm_hour = end.hour;
    parts.tm_min = end.min;
    parts.tm_sec = end.sec;
    return ::timegm(&parts);
}

}  // namespace sluis
