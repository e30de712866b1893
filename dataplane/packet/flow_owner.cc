#include "dataplane/packet/flow_owner.h"

#include "dataplane/packet/byte_reader.h"
#include "dataplane/packet/ether_type.h"

namespace sluis {
namespace {

constexpr std::uint16_t kPppIpv4 = 0x0021;  // RFC 1332
constexpr std::uint16_t kPppIpv6 = 0x0057;  // RFC 5072

using ByteTable = std::array<std::uint16_t, 256>;

constexpr std::uint16_t rotate_left(std::uint16_t value, unsigned count) noexcept {
    return static_cast<std::uint16_t>(count == 0 ? value : value << count | value >> (16 - count));
}

/// What each value of the input word's high (`shift` 8) or low (0) byte adds to the hash.
constexpr ByteTable make_table(unsigned shift) noexcept {
    constexpr std::uint16_t kKey = kSymmetricRssKey[0] << 8 | kSymmetricRssKey[1];
    ByteTable table{};
    for (unsigned byte = 0; byte < table.size(); ++byte)
        for (unsigned bit = 0; bit < 8; ++bit)
            if ((byte >> bit & 1) != 0)
                table[byte] = static_cast<std::uint16_t>(table[byte] ^ rotate_left(kKey, 15 - (bit + shift)));
    return table;
}

constexpr ByteTable kHigh = make_table(8);
constexpr ByteTable kLow = make_table(0);

/// Toeplitz with a key that repeats every 16 bits sees only the exclusive or of the input's 16-bit words, which is why
/// it is symmetric, and both halves of its result are equal.
std::uint32_t hash_words(Bytes addresses) noexcept {
    std::uint32_t folded = 0;
    for (std::size_t i = 0; i < addresses.size(); i += sizeof folded)
        folded ^= load_be<std::uint32_t>(addresses.data() + i);
    const std::uint32_t word = (folded >> 16 ^ folded) & 0xffff;
    const std::uint32_t half = static_cast<std::uint32_t>(kHigh[word >> 8] ^ kLow[word & 0xff]);
    return half << 16 | half;
}

/// The addresses' place and length by the version that the header itself tells.
std::uint32_t hash_ip(ByteReader reader) noexcept {
    const Bytes header = reader.rest();
    if (header.empty()) return 0;
    const auto version = std::to_integer<unsigned>(header[0]) >> 4;
    reader.skip(version == 6 ? 8 : 12);
    const Bytes addresses = reader.bytes(version == 6 ? 32 : 8);
    return version == 4 || version == 6 ? hash_words(addresses) : 0;
}

std::uint32_t hash_pppoe(ByteReader reader) noexcept {
    reader.skip(6);  // RFC 2516, section 4: version and type, code, session, length
    const std::uint32_t first = reader.u8();
    // RFC 1661, section 6.5: a protocol number below 256 may be sent as one byte, which is odd.
    const std::uint32_t protocol = (first & 1) != 0 ? first : first << 8 | reader.u8();
    return protocol == kPppIpv4 || protocol == kPppIpv6 ? hash_ip(reader) : 0;
}

/// RFC 3032: labels up to the bottom of the stack; what follows tells its version itself.
std::uint32_t hash_mpls(ByteReader reader) noexcept {
    while (reader.ok())
        if (constexpr std::uint32_t kBottom = 0x100; (reader.u32() & kBottom) != 0) return hash_ip(reader);
    return 0;
}

}  // namespace

std::uint32_t flow_hash(Bytes frame) noexcept {
    ByteReader reader(frame);
    reader.skip(12);  // the two MAC addresses
    std::uint16_t type = reader.u16();
    while (is_vlan_tag(type)) {
        reader.skip(2);  // PCP, DEI and VID
        type = reader.u16();
    }
    switch (type) {
        case kEtherIpv4:
        case kEtherIpv6:
            return hash_ip(reader);
        case kEtherPppoe:
            return hash_pppoe(reader);
        case kEtherMpls:
        case kEtherMplsUp:
            return hash_mpls(reader);
        default:
            return 0;
    }
}

}  // namespace sluis
