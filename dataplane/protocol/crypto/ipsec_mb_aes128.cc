// AES-128 by intel-ipsec-mb: on x86-64 two to three times as fast as any other for one datagram, since it takes a key
// in few cycles.
#include <intel-ipsec-mb.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dataplane/protocol/quic_crypto.h"

namespace sluis {
namespace {

/// The library's table of functions for this processor; one for all threads, only read.
IMB_MGR* make_manager() {
    IMB_MGR* manager = alloc_mb_mgr(0);
    if (manager == nullptr) {
        std::fputs("no memory for the cryptographic library's table of functions\n", stderr);
        std::exit(EXIT_FAILURE);
    }
    init_mb_mgr_auto(manager, nullptr);
    return manager;
}
IMB_MGR* const kManager = make_manager();

/// The library stores round keys by instructions that fault on other addresses; its header does not declare it.
struct alignas(64) ExpandedKey {
    gcm_key_data data;
};

ExpandedKey expand(const Aes128Key& key) noexcept {
    ExpandedKey expanded;
    IMB_AES128_GCM_PRE(kManager, key.data(), &expanded.data);
    return expanded;
}

}  // namespace

/// CFB of one zero block gives the initialisation vector's encryption.
AesBlock aes128_encrypt(const Aes128Key& key, const AesBlock& block) noexcept {
    alignas(16) std::array<std::byte, 16 * 11> round_keys, unused;
    IMB_AES_KEYEXP_128(kManager, key.data(), round_keys.data(), unused.data());
    const AesBlock zero{};
    AesBlock output;
    IMB_AES128_CFB_ONE(kManager, output.data(), zero.data(), block.data(), round_keys.data(), output.size());
    return output;
}

bool aes128_gcm_open(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes sealed,
                     MutableBytes plaintext) noexcept {
    const ExpandedKey expanded = expand(key);
    gcm_context_data context;
    AesBlock tag;
    IMB_AES128_GCM_DEC(kManager, &expanded.data, &context, reinterpret_cast<std::uint8_t*>(plaintext.data()),
                       reinterpret_cast<const std::uint8_t*>(sealed.data()), plaintext.size(),
                       reinterpret_cast<const std::uint8_t*>(nonce.data()),
                       reinterpret_cast<const std::uint8_t*>(additional.data()), additional.size(),
                       reinterpret_cast<std::uint8_t*>(tag.data()), tag.size());
    return std::memcmp(tag.data(), sealed.last(kGcmTagSize).data(), kGcmTagSize) == 0;
}

void aes128_gcm_seal(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes plaintext,
                     MutableBytes sealed) noexcept {
    const ExpandedKey expanded = expand(key);
    gcm_context_data context;
    AesBlock tag;
    IMB_AES128_GCM_ENC(kManager, &expanded.data, &context, reinterpret_cast<std::uint8_t*>(sealed.data()),
                       reinterpret_cast<const std::uint8_t*>(plaintext.data()), plaintext.size(),
                       reinterpret_cast<const std::uint8_t*>(nonce.data()),
                       reinterpret_cast<const std::uint8_t*>(additional.data()), additional.size(),
                       reinterpret_cast<std::uint8_t*>(tag.data()), tag.size());
    std::memcpy(sealed.last(kGcmTagSize).data(), tag.data(), kGcmTagSize);
}

}  // namespace sluis
