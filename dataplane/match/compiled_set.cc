#include "dataplane/match/compiled_set.h"

#include <hs.h>

#include "dataplane/protocol/mbedtls_compat.h"

namespace sluis {

Sha256 sha256(Bytes bytes) noexcept {
    Sha256 digest{};
    mbedtls_sha256_context context;
    mbedtls::sha256_starts(context);
    mbedtls::sha256_update(context, bytes);
    mbedtls::sha256_finish(context, reinterpret_cast<std::byte*>(digest.data()));
    mbedtls_sha256_free(&context);
    return digest;
}

std::string hexadecimal(const Sha256& digest) {
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

std::string processor_kind() {
#if defined(__x86_64__)
    std::string kind = "x86-64";
#elif defined(__aarch64__)
    std::string kind = "arm64";
#else
    std::string kind = "other";
#endif
    hs_platform_info_t platform{};
    if (hs_populate_platform(&platform) != HS_SUCCESS) return kind + " unknown";
    // The engine checks exactly these against the machine; its tuning hint binds nothing.
    if ((platform.cpu_features & HS_CPU_FEATURES_AVX2) != 0) kind += " avx2";
    if ((platform.cpu_features & HS_CPU_FEATURES_AVX512) != 0) kind += " avx512";
#ifdef HS_CPU_FEATURES_AVX512VBMI
    if ((platform.cpu_features & HS_CPU_FEATURES_AVX512VBMI) != 0) kind += " avx512vbmi";
#endif
    return kind;
}

}  // namespace sluis
