// Initial secrets (RFC 9001, section 5.2; RFC 9369, section 3.3; draft-ietf-quic-tls-29, section 5.2).
#include <algorithm>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/protocol/quic_initial.h"

namespace sluis {
namespace {

struct VersionSecrets {
    std::array<std::uint8_t, 20> salt;
    std::string_view key_label;
    std::string_view iv_label;
    std::string_view header_protection_label;
};

constexpr VersionSecrets kVersion1Secrets{{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                           0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
                                          "quic key",
                                          "quic iv",
                                          "quic hp"};
constexpr VersionSecrets kVersion2Secrets{{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                                           0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
                                          "quicv2 key",
                                          "quicv2 iv",
                                          "quicv2 hp"};
constexpr VersionSecrets kDraft29Secrets{{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                                          0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
                                         "quic key",
                                         "quic iv",
                                         "quic hp"};

/// HKDF-Extract is HMAC with the salt for its key (RFC 5869, section 2.2): the same for every connection of a version.
const HmacSha256 kExtractVersion1{std::as_bytes(std::span(kVersion1Secrets.salt))};
const HmacSha256 kExtractVersion2{std::as_bytes(std::span(kVersion2Secrets.salt))};
const HmacSha256 kExtractDraft29{std::as_bytes(std::span(kDraft29Secrets.salt))};

const HmacSha256& extract_of(std::uint32_t version) noexcept {
    if (version == kQuicVersion2) return kExtractVersion2;
    return version == kQuicDraft29 ? kExtractDraft29 : kExtractVersion1;
}

const VersionSecrets& secrets_of(std::uint32_t version) noexcept {
    if (version == kQuicVersion2) return kVersion2Secrets;
    return version == kQuicDraft29 ? kDraft29Secrets : kVersion1Secrets;
}

/// An HkdfLabel with an empty context (RFC 8446, section 7.1), and behind it the block number 1: for outputs of one
/// hash at the most, HKDF-Expand is the HMAC of that (RFC 5869, section 2.3).
class ExpandLabel {
public:
    ExpandLabel(std::uint16_t size, std::string_view label) noexcept {
        constexpr std::string_view kPrefix = "tls13 ";
        ByteWriter info(room_);
        info.u16(size);
        info.u8(static_cast<std::uint8_t>(kPrefix.size() + label.size()));
        info.text(kPrefix);
        info.text(label);
        info.u8(0);  // no context
        info.u8(1);
        size_ = info.written().size();
    }
    Bytes bytes() const noexcept { return std::span(room_).first(size_); }

private:
    std::array<std::byte, 32> room_;
    std::size_t size_;
};

template <std::size_t kSize>
std::array<std::byte, kSize> front(const Sha256Digest& digest) noexcept {
    std::array<std::byte, kSize> output;
    std::copy_n(digest.begin(), kSize, output.begin());
    return output;
}

}  // namespace

QuicInitialKeys derive_quic_initial_keys(std::uint32_t version, Bytes destination, QuicSender sender) noexcept {
    const VersionSecrets& secrets = secrets_of(version);
    const Sha256Digest initial = extract_of(version)(destination);
    const std::string_view direction = sender == QuicSender::client ? "client in" : "server in";
    const HmacSha256 secret(HmacSha256(initial)(ExpandLabel(sizeof(Sha256Digest), direction).bytes()));
    QuicInitialKeys keys;
    const ExpandLabel key(sizeof keys.key, secrets.key_label), iv(sizeof keys.iv, secrets.iv_label),
        header_protection(sizeof keys.header_protection, secrets.header_protection_label);
    std::array<Sha256Digest, 3> digests;
    secret.digest(std::array{key.bytes(), iv.bytes(), header_protection.bytes()}, digests);
    return {front<sizeof keys.key>(digests[0]), front<sizeof keys.iv>(digests[1]),
            front<sizeof keys.header_protection>(digests[2])};
}

}  // namespace sluis
