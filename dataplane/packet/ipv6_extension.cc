#include "dataplane/packet/ipv6_extension.h"

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::uint8_t kHopByHop = 0, kRouting = 43, kFragment = 44, kAuthentication = 51, kDestinationOptions = 60,
                       kMobility = 135, kHip = 139, kShim6 = 140;

/// Whether hosts accept the options: an unknown one whose two highest bits are set makes them discard the packet
/// (RFC 8200, section 4.2).
bool options_acceptable(ByteReader options) noexcept {
    while (!options.at_end()) {
        const std::uint8_t type = options.u8();
        if (type == 0) continue;  // Pad1
        options.skip(options.u8());
        constexpr std::uint8_t kJumbo = 0xc2, kHomeAddress = 0xc9, kRpl = 0x63;
        if ((type & 0xc0) != 0 && type != kJumbo && type != kHomeAddress && type != kRpl) return false;
    }
    return options.ok();
}

bool read_options(ByteReader& reader) noexcept {
    const std::uint32_t length = 8u * reader.u8() + 6;  // RFC 8200, 4.3: in 8-byte units, without the first 8
    const ByteReader options = reader.sub(length);
    return options.ok() && options_acceptable(options);
}

bool read_routing(ByteReader& reader, ExtensionChain& chain) noexcept {
    const std::uint32_t length = 8u * reader.u8() + 6;
    ByteReader routing = reader.sub(length);
    const std::uint8_t type = routing.u8();
    const std::uint8_t segments_left = routing.u8();
    if (type == 0 && segments_left != 0) return false;  // deprecated, hosts discard it (RFC 5095)
    chain.source_routed |= segments_left != 0;
    return routing.ok();
}

bool read_fragment(ByteReader& reader, std::uint8_t next, ExtensionChain& chain) noexcept {
    reader.skip(1);
    const std::uint16_t field = reader.u16();
    chain.fragment.offset = field & 0xfff8;
    chain.fragment.more = field & 1;
    chain.fragment.identification = reader.u32();
    chain.fragment.protocol = next;
    // An atomic fragment is a whole packet (RFC 6946).
    chain.is_fragment = chain.fragment.offset != 0 || chain.fragment.more;
    return reader.ok();
}

bool read_authentication(ByteReader& reader) noexcept {
    const std::uint32_t length = 4u * reader.u8() + 6;  // RFC 4302, 2.2: in 4-byte units, minus 2
    reader.skip(length);
    return reader.ok();
}

bool read_plain(ByteReader& reader) noexcept {
    const std::uint32_t length = 8u * reader.u8() + 6;
    reader.skip(length);
    return reader.ok();
}

}  // namespace

Result<ExtensionChain> walk_extensions(std::uint8_t first, Bytes bytes, bool allow_hop_by_hop) noexcept {
    ExtensionChain chain;
    ByteReader reader(bytes);
    std::uint8_t header = first;
    for (int count = 0;; ++count) {
        chain.protocol = header;
        chain.length = static_cast<std::uint32_t>(reader.position());
        const bool is_extension = header == kHopByHop || header == kRouting || header == kFragment ||
                                  header == kAuthentication || header == kDestinationOptions || header == kMobility ||
                                  header == kHip || header == kShim6;
        if (!is_extension) return chain;
        if (count == kExtensionHeaderLimit) {
            chain.too_long = true;
            return chain;
        }
        const std::uint8_t next = reader.u8();
        bool ok = reader.ok();
        switch (header) {
            case kHopByHop:  // only right behind the IPv6 header (RFC 8200, 4.1)
                ok = ok && count == 0 && allow_hop_by_hop && read_options(reader);
                break;
            case kDestinationOptions:
                ok = ok && read_options(reader);
                break;
            case kRouting:
                ok = ok && read_routing(reader, chain);
                break;
            case kFragment:
                ok = ok && read_fragment(reader, next, chain);
                if (ok && chain.is_fragment) {
                    chain.length = static_cast<std::uint32_t>(reader.position());
                    return chain;
                }
                break;
            case kAuthentication:
                ok = ok && read_authentication(reader);
                break;
            default:
                ok = ok && read_plain(reader);
                break;
        }
        if (!ok) return Failure(Reason::ipv6_extension);
        header = next;
    }
}

}  // namespace sluis
