// What mbedTLS 2.28 and 3.6 name differently about keys, and nothing else. Zero is success, as in mbedTLS.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>

#include <cstddef>

namespace sluis::mbedtls {

/// `size` counts the terminating zero of a PEM text.
inline int parse_private_key(mbedtls_pk_context& key, const unsigned char* text, std::size_t size,
                             [[maybe_unused]] mbedtls_ctr_drbg_context& random) {
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_parse_key(&key, text, size, nullptr, 0);
#else
    return mbedtls_pk_parse_key(&key, text, size, nullptr, 0, mbedtls_ctr_drbg_random, &random);
#endif
}

/// Signs a SHA-256 digest. `room` has MBEDTLS_PK_SIGNATURE_MAX_SIZE bytes.
inline int sign_sha256(mbedtls_pk_context& key, const unsigned char* digest, unsigned char* room, std::size_t& size,
                       mbedtls_ctr_drbg_context& random) {
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest, 32, room, &size, mbedtls_ctr_drbg_random, &random);
#else
    return mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, digest, 32, room, MBEDTLS_PK_SIGNATURE_MAX_SIZE, &size,
                           mbedtls_ctr_drbg_random, &random);
#endif
}

}  // namespace sluis::mbedtls
