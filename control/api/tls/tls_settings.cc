#include "control/api/tls/tls_settings.h"

#include <mbedtls/error.h>
#include <time.h>

#include <array>

#include "control/api/tls/mbedtls_tls.h"
#include "control/bundle/mbedtls_key.h"
#include "control/bundle/store_files.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

constexpr std::size_t kPemLimit = std::size_t{1} << 20;  ///< bytes of a file

tl::unexpected<std::string> error(const std::string& what, int code) {
    std::array<char, 128> text{};
    mbedtls_strerror(code, text.data(), text.size());
    return tl::unexpected(what + ": " + text.data());
}

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.c_str()); }

/// `parse` takes the text with its terminating zero.
template <typename Parse>
Status read_pem(const std::string& path, Parse parse) {
    const auto text = read_whole_file(path, kPemLimit);
    if (!text) return tl::unexpected(text.error().message);
    if (const int code = parse(bytes_of(*text), text->size() + 1); code != 0)
        return error(path + ": is no PEM file of its kind, or a part of it is damaged", code);
    return {};
}

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
        return error("there is no randomness", code);
    if (const Status read = settings->read_files(); !read) return tl::unexpected(read.error());
    if (const Status configured = settings->configure(); !configured) return tl::unexpected(configured.error());
    return settings;
}

Status TlsSettings::read_files() {
    const auto into = [](mbedtls_x509_crt& chain) {
        return [&chain](const unsigned char* text, std::size_t size) {
            return mbedtls_x509_crt_parse(&chain, text, size);
        };
    };
    if (const Status read = read_pem(config_.certificate, into(certificate_)); !read) return read;
    if (const Status read = read_pem(config_.client_ca, into(client_ca_)); !read) return read;
    if (!config_.client_crl.empty()) {
        const auto parse = [this](const unsigned char* text, std::size_t size) {
            return mbedtls_x509_crl_parse(&client_crl_, text, size);
        };
        if (const Status read = read_pem(config_.client_crl, parse); !read) return read;
    }
    return read_key();
}

Status TlsSettings::read_key() {
    const auto parse = [this](const unsigned char* text, std::size_t size) {
        return mbedtls::parse_private_key(key_, text, size, random_);
    };
    if (const Status read = read_pem(config_.key, parse); !read) return read;
    if (mbedtls::is_pair(certificate_.pk, key_, random_)) return {};
    return tl::unexpected(config_.key + ": is not the key of " + config_.certificate);
}

Status TlsSettings::configure() {
    int code = mbedtls_ssl_config_defaults(&ssl_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
    if (code == 0) code = mbedtls_ssl_conf_own_cert(&ssl_, &certificate_, &key_);
    if (code != 0) return error("TLS cannot be set up", code);
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
