#include "dataplane/protocol/proxy_header.h"

#include <algorithm>
#include <string_view>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::string_view kVersion1 = "PROXY ";
constexpr std::size_t kVersion1Limit = 107;  // section 2.1
constexpr std::string_view kVersion2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::uint8_t kAuthority = 0x02;  // section 2.2.2

/// Bytes of addresses, by family (section 2.2); those of other families are not known, and there are no TLVs to find.
std::size_t address_size(std::uint8_t family_and_transport) noexcept {
    switch (family_and_transport >> 4) {
        case 1:
            return 12;
        case 2:
            return 36;
        case 3:
            return 216;
        default:
            return 0;
    }
}

bool begins(std::string_view stream, std::string_view signature) noexcept {
    const std::size_t size = std::min(stream.size(), signature.size());
    return stream.substr(0, size) == signature.substr(0, size);
}

Result<ProxyHeader> read_version1(std::string_view stream) noexcept {
    const std::string_view window = stream.substr(0, kVersion1Limit);
    const std::size_t end = window.find('\n');
    if (end == std::string_view::npos)
        return Failure(window.size() == kVersion1Limit ? Reason::not_this_protocol : Reason::incomplete);
    if (window[end - 1] != '\r') return Failure(Reason::not_this_protocol);
    return ProxyHeader{{}, static_cast<std::uint32_t>(end + 1)};
}

Result<ProxyHeader> read_version2(Bytes stream) noexcept {
    ByteReader reader(stream);
    reader.skip(kVersion2.size());
    const std::uint8_t version_and_command = reader.u8();
    const std::uint8_t family = reader.u8();
    const std::uint16_t length = reader.u16();
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (version_and_command >> 4 != 2 || (version_and_command & 0xf) > 1) return Failure(Reason::not_this_protocol);
    ProxyHeader header;
    header.size = static_cast<std::uint32_t>(reader.position()) + length;
    ByteReader rest = reader.sub(length);
    if (!rest.ok()) return Failure(Reason::incomplete);
    rest.skip(address_size(family));
    if (!rest.ok()) return Failure(Reason::not_this_protocol);
    while (!rest.at_end()) {
        const std::uint8_t type = rest.u8();
        const Bytes value = rest.bytes(rest.u16());
        if (!rest.ok()) return header;  // no TLV of a kind that we know, or addresses of a family that we do not
        if (type == kAuthority && !header.authority.empty()) return Failure(Reason::not_this_protocol);
        if (type == kAuthority) header.authority = value;
    }
    return header;
}

}  // namespace

bool may_be_proxy_header(Bytes prefix) noexcept {
    const std::string_view stream = as_text(prefix);
    return begins(stream, kVersion1) || begins(stream, kVersion2);
}

Result<ProxyHeader> read_proxy_header(Bytes bytes) noexcept {
    const std::string_view stream = as_text(bytes);
    if (!may_be_proxy_header(bytes)) return Failure(Reason::not_this_protocol);
    if (begins(stream, kVersion1)) return read_version1(stream);
    return read_version2(bytes);
}

}  // namespace sluis
