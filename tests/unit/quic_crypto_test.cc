#include "dataplane/protocol/quic_crypto.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/protocol/crypto/ghash.h"
#include "tests/unit/quic_sample.h"

namespace sluis {
namespace {

template <std::size_t kSize>
std::array<std::byte, kSize> array_from(std::string_view hex) {
    const Buffer bytes = from_hex(hex);
    std::array<std::byte, kSize> array{};
    EXPECT_EQ(bytes.size(), kSize);
    std::copy_n(bytes.begin(), std::min(kSize, bytes.size()), array.begin());
    return array;
}

// RFC 4231, sections 4.2 and 4.3.
TEST(HmacSha256, KnownAnswers) {
    EXPECT_EQ(to_hex(HmacSha256(Buffer(20, std::byte{0x0b}))(as_bytes("Hi There"))),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    const HmacSha256 key(as_bytes("Jefe"));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(to_hex(key(as_bytes("what do ya want for nothing?"))),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}

// RFC 4231's two messages and others, as many at once as there may be: each as it is alone.
TEST(HmacSha256, MessagesSideBySideAreAsAlone) {
    const HmacSha256 key(as_bytes("Jefe"));
    const Buffer longest(HmacSha256::kLongest, std::byte{0xa5});
    const std::array<Bytes, HmacSha256::kMessages> messages{as_bytes("what do ya want for nothing?"), Bytes{},
                                                            Bytes(longest), as_bytes("Hi There")};
    for (std::size_t count = 0; count <= messages.size(); ++count) {
        std::array<Sha256Digest, HmacSha256::kMessages> digests{};
        key.digest(std::span(messages).first(count), std::span(digests).first(count));
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(digests[i], key(messages[i])) << i << " of " << count;
        for (std::size_t i = count; i < digests.size(); ++i) EXPECT_EQ(digests[i], Sha256Digest{}) << i;
    }
    EXPECT_EQ(to_hex(key(messages[2])), "808c91939893b5344b86e2a48ad4bb22a8ca0dfdc94fdbb05d8582a901cdf684");
    EXPECT_EQ(to_hex(key(Bytes{})), "923598ca6d64af2a5dba79dcd021a8a0fe5c5f557519adaaf0ad532d4506dd30");
}

// FIPS 197, appendix C.1.
TEST(Aes128, KnownAnswer) {
    const auto key = array_from<16>("000102030405060708090a0b0c0d0e0f");
    const auto block = array_from<16>("00112233445566778899aabbccddeeff");
    EXPECT_EQ(to_hex(aes128_encrypt(key, block)), "69c4e0d86a7b0430d8cdb78070b4c55a");
}

struct GcmCase {
    const char* name;
    const char* key;
    const char* nonce;
    const char* additional;
    const char* plaintext;
    const char* sealed;
};

class Aes128Gcm : public testing::TestWithParam<GcmCase> {};

TEST_P(Aes128Gcm, KnownAnswer) {
    const GcmCase& vector = GetParam();
    const auto key = array_from<16>(vector.key);
    const auto nonce = array_from<12>(vector.nonce);
    const Buffer additional = from_hex(vector.additional);
    const Buffer plaintext = from_hex(vector.plaintext);

    Buffer sealed(plaintext.size() + kGcmTagSize);
    aes128_gcm_seal(key, nonce, additional, plaintext, sealed);
    EXPECT_EQ(to_hex(sealed), to_hex(from_hex(vector.sealed)));

    Buffer opened(plaintext.size());
    EXPECT_TRUE(aes128_gcm_open(key, nonce, additional, sealed, opened));
    EXPECT_EQ(opened, plaintext);
}

TEST_P(Aes128Gcm, EveryChangedBitIsNoticed) {
    const GcmCase& vector = GetParam();
    const auto key = array_from<16>(vector.key);
    const auto nonce = array_from<12>(vector.nonce);
    Buffer additional = from_hex(vector.additional);
    Buffer sealed = from_hex(vector.sealed);
    Buffer opened(sealed.size() - kGcmTagSize);
    for (Buffer* part : {&additional, &sealed}) {
        for (std::size_t bit = 0; bit < part->size() * 8; ++bit) {
            const std::byte mask{static_cast<unsigned char>(1u << bit % 8)};
            (*part)[bit / 8] ^= mask;
            EXPECT_FALSE(aes128_gcm_open(key, nonce, additional, sealed, opened)) << bit;
            (*part)[bit / 8] ^= mask;
        }
    }
}

// Test cases 1, 2, 3 and 4 of the GCM specification (McGrew and Viega, appendix B).
INSTANTIATE_TEST_SUITE_P(
    Specification, Aes128Gcm,
    testing::Values(GcmCase{"empty", "00000000000000000000000000000000", "000000000000000000000000", "", "",
                            "58e2fccefa7e3061367f1d57a4e7455a"},
                    GcmCase{"one_block", "00000000000000000000000000000000", "000000000000000000000000", "",
                            "00000000000000000000000000000000",
                            "0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"},
                    GcmCase{"four_blocks", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
                            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
                            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
                            "4d5c2af327cd64a62cf35abd2ba6fab4"},
                    GcmCase{"partial_blocks", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
                            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
                            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
                            "5bc94fbc3221a5db94fae95ae7121a47"}),
    [](const auto& row) { return row.param.name; });

// The specification's test case 4 again, from its intermediate values.
TEST(Ghash, PortableKnownAnswer) {
    const auto hash_key = array_from<16>("b83b533708bf535d0aa6e52980d53b78");
    const Buffer additional = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const Buffer ciphertext = from_hex(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091");
    EXPECT_EQ(to_hex(ghash_portable(hash_key, additional, ciphertext)), "698e57f70e6ecc7fd9463b7260a9ae5f");
    EXPECT_EQ(to_hex(ghash(hash_key, additional, ciphertext)), "698e57f70e6ecc7fd9463b7260a9ae5f");
}

TEST(Ghash, FastAndPortableAgree) {
    std::uint64_t state = 1;
    const auto next = [&state] {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::byte>(state >> 56);
    };
    for (std::size_t size = 0; size < 300; ++size) {
        AesBlock hash_key;
        std::generate(hash_key.begin(), hash_key.end(), next);
        Buffer additional(size % 41), ciphertext(size);
        std::generate(additional.begin(), additional.end(), next);
        std::generate(ciphertext.begin(), ciphertext.end(), next);
        EXPECT_EQ(ghash(hash_key, additional, ciphertext), ghash_portable(hash_key, additional, ciphertext)) << size;
    }
}

}  // namespace
}  // namespace sluis
