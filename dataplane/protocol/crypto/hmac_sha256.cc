// HMAC-SHA-256 over the compression function that the processor has. Messages that fill no block are all that Initial
// secrets need: two steps each, those of several messages side by side.
#include <algorithm>
#include <cstring>

#include "dataplane/packet/byte_order.h"
#include "dataplane/protocol/crypto/sha256_block.h"
#include "dataplane/protocol/quic_crypto.h"

namespace sluis {
namespace {

/// FIPS 180-4, section 5.3.3.
constexpr Sha256State kInitialState{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// `key`, padded with zeroes, XORed with `pad`.
Sha256Block padded_key(Bytes key, std::byte pad) noexcept {
    Sha256Block block{};
    std::copy(key.begin(), key.end(), block.begin());
    for (std::byte& byte : block) byte ^= pad;
    return block;
}

/// The last block of a message that has one block before it (section 5.1.1). `size`: of what stands in it already.
void pad_message(Sha256Block& block, std::size_t size) noexcept {
    block[size] = std::byte{0x80};
    store_be(block.data() + block.size() - sizeof(std::uint64_t), std::uint64_t{block.size() + size} * 8);
}

void store_state(const Sha256State& state, std::byte* to) noexcept {
    for (const std::uint32_t word : state) {
        store_be(to, word);
        to += sizeof word;
    }
}

}  // namespace

HmacSha256::HmacSha256(Bytes key) noexcept {
    Sha256State inner = kInitialState, outer = kInitialState;
    const Sha256Block inner_block = padded_key(key, std::byte{0x36}), outer_block = padded_key(key, std::byte{0x5c});
    sha256::compress(std::array{Sha256Step{&inner, &inner_block}, Sha256Step{&outer, &outer_block}});
    std::memcpy(inner_.data(), inner.data(), sizeof inner);
    std::memcpy(outer_.data(), outer.data(), sizeof outer);
}

void HmacSha256::digest(std::span<const Bytes> messages, std::span<Sha256Digest> digests) const noexcept {
    std::array<Sha256State, kMessages> states;
    std::array<Sha256Block, kMessages> blocks;
    std::array<Sha256Step, kMessages> steps;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        std::memcpy(states[i].data(), inner_.data(), sizeof states[i]);
        blocks[i] = {};
        std::copy(messages[i].begin(), messages[i].end(), blocks[i].begin());
        pad_message(blocks[i], messages[i].size());
        steps[i] = {&states[i], &blocks[i]};
    }
    sha256::compress(std::span(steps).first(messages.size()));
    for (std::size_t i = 0; i < messages.size(); ++i) {
        blocks[i] = {};
        store_state(states[i], blocks[i].data());
        pad_message(blocks[i], sizeof(Sha256Digest));
        std::memcpy(states[i].data(), outer_.data(), sizeof states[i]);
    }
    sha256::compress(std::span(steps).first(messages.size()));
    for (std::size_t i = 0; i < messages.size(); ++i) store_state(states[i], digests[i].data());
}

}  // namespace sluis
