// What mbedTLS 2.28 and 3.6 name differently, and nothing else.
#pragma once

#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#include "dataplane/packet/bytes.h"

namespace sluis::mbedtls {

// The software SHA-256 of both versions fails for wrong arguments only, so callers have nothing to test.

inline void sha256_starts(mbedtls_sha256_context& context) noexcept {
    mbedtls_sha256_init(&context);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    [[maybe_unused]] const int status = mbedtls_sha256_starts_ret(&context, 0);
#else
    [[maybe_unused]] const int status = mbedtls_sha256_starts(&context, 0);
#endif
}

inline void sha256_update(mbedtls_sha256_context& context, Bytes input) noexcept {
    const auto* data = reinterpret_cast<const unsigned char*>(input.data());
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    [[maybe_unused]] const int status = mbedtls_sha256_update_ret(&context, data, input.size());
#else
    [[maybe_unused]] const int status = mbedtls_sha256_update(&context, data, input.size());
#endif
}

/// Writes 32 bytes to `digest`.
inline void sha256_finish(mbedtls_sha256_context& context, std::byte* digest) noexcept {
    auto* output = reinterpret_cast<unsigned char*>(digest);
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    [[maybe_unused]] const int status = mbedtls_sha256_finish_ret(&context, output);
#else
    [[maybe_unused]] const int status = mbedtls_sha256_finish(&context, output);
#endif
}

}  // namespace sluis::mbedtls
