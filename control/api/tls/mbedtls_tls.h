// What mbedTLS 2.28 and 3.6 name differently about TLS, and nothing else.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

namespace sluis::mbedtls {

/// TLS 1.3 of mbedTLS 3.6 does its cryptography through PSA, which has to be started once. True: it is, or need not be.
inline bool start_cryptography() {
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return true;
#else
    return psa_crypto_init() == PSA_SUCCESS;
#endif
}

/// TLS 1.2 at least, and the newest that the library has.
inline void set_versions(mbedtls_ssl_config& config) {
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
    mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
}

/// Whether a private key is that of a certificate.
inline bool is_pair(mbedtls_pk_context& certificate, mbedtls_pk_context& key,
                    [[maybe_unused]] mbedtls_ctr_drbg_context& random) {
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_check_pair(&certificate, &key) == 0;
#else
    return mbedtls_pk_check_pair(&certificate, &key, mbedtls_ctr_drbg_random, &random) == 0;
#endif
}

/// Ephemeral keys and authenticated encryption only. Zero ends the list.
inline constexpr int kCipherSuites[] {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 0
};

}  // namespace sluis::mbedtls
