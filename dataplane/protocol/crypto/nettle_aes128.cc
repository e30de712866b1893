// AES-128 by Nettle, which uses the processor's AES instructions (x86-64 and ARMv8) and never allocates.
#include <nettle/gcm.h>
#undef aes128_encrypt  // a macro there, a name of ours here

#include <cstring>

#include "dataplane/protocol/quic_crypto.h"

namespace sluis {
namespace {

const std::uint8_t* data_of(Bytes bytes) noexcept { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }
std::uint8_t* data_of(MutableBytes bytes) noexcept { return reinterpret_cast<std::uint8_t*>(bytes.data()); }

gcm_aes128_ctx begin(const Aes128Key& key, const GcmNonce& nonce, Bytes additional) noexcept {
    gcm_aes128_ctx context;
    gcm_aes128_set_key(&context, data_of(Bytes(key)));
    gcm_aes128_set_iv(&context, nonce.size(), data_of(Bytes(nonce)));
    gcm_aes128_update(&context, additional.size(), data_of(additional));
    return context;
}

AesBlock tag_of(gcm_aes128_ctx& context) noexcept {
    AesBlock tag;
    gcm_aes128_digest(&context, tag.size(), data_of(MutableBytes(tag)));
    return tag;
}

}  // namespace

AesBlock aes128_encrypt(const Aes128Key& key, const AesBlock& block) noexcept {
    aes128_ctx context;
    aes128_set_encrypt_key(&context, data_of(Bytes(key)));
    AesBlock output;
    nettle_aes128_encrypt(&context, output.size(), data_of(MutableBytes(output)), data_of(Bytes(block)));
    return output;
}

bool aes128_gcm_open(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes sealed,
                     MutableBytes plaintext) noexcept {
    gcm_aes128_ctx context = begin(key, nonce, additional);
    gcm_aes128_decrypt(&context, plaintext.size(), data_of(plaintext), data_of(sealed));
    return std::memcmp(tag_of(context).data(), sealed.last(kGcmTagSize).data(), kGcmTagSize) == 0;
}

void aes128_gcm_seal(const Aes128Key& key, const GcmNonce& nonce, Bytes additional, Bytes plaintext,
                     MutableBytes sealed) noexcept {
    gcm_aes128_ctx context = begin(key, nonce, additional);
    gcm_aes128_encrypt(&context, plaintext.size(), data_of(sealed), data_of(plaintext));
    std::memcpy(sealed.last(kGcmTagSize).data(), tag_of(context).data(), kGcmTagSize);
}

}  // namespace sluis
