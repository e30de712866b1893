#include "dataplane/protocol/socks_request.h"

#include <algorithm>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

constexpr std::uint8_t kSocks4 = 4;
constexpr std::uint8_t kSocks5 = 5;
constexpr std::uint8_t kPasswordVersion = 1;  // RFC 1929, section 2
constexpr std::uint8_t kIpv4 = 1, kDomainName = 3, kIpv6 = 4;
constexpr std::size_t kTextLimit = 255;

/// A text that a NUL ends.
Result<Bytes> read_text(ByteReader& reader) noexcept {
    const Bytes window = reader.rest().first(std::min(reader.remaining(), kTextLimit + 1));
    const auto end = std::find(window.begin(), window.end(), std::byte{0});
    if (end == window.end())
        return Failure(window.size() > kTextLimit ? Reason::not_this_protocol : Reason::incomplete);
    const Bytes text = reader.bytes(static_cast<std::size_t>(end - window.begin()));
    reader.skip(1);
    return text;
}

SocksRequest request(const ByteReader& reader, Bytes host) noexcept {
    return {host, static_cast<std::uint32_t>(reader.position())};
}

/// CONNECT or BIND, a port that is none of zero, an address that is none but in SOCKS4A.
Result<SocksRequest> read_socks4(ByteReader reader) noexcept {
    const std::uint8_t command = reader.u8();
    reader.skip(2);
    const std::uint32_t address = reader.u32();
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (command != 1 && command != 2) return Failure(Reason::not_this_protocol);
    if (const auto user = read_text(reader); !user) return Failure(user.error());
    const bool by_name = address != 0 && address >> 8 == 0;
    if (!by_name) return request(reader, {});
    const auto host = read_text(reader);
    if (!host) return Failure(host.error());
    return request(reader, *host);
}

Result<SocksRequest> read_socks5_request(ByteReader& reader) noexcept {
    const std::uint8_t command = reader.u8();
    const std::uint8_t reserved = reader.u8();
    const std::uint8_t type = reader.u8();
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (command == 0 || reserved != 0) return Failure(Reason::not_this_protocol);
    Bytes host;
    switch (type) {
        case kIpv4:
            reader.skip(4);
            break;
        case kDomainName: {
            const std::uint8_t length = reader.u8();
            host = reader.bytes(length);
            break;
        }
        case kIpv6:
            reader.skip(16);
            break;
        default:
            return Failure(Reason::not_this_protocol);
    }
    reader.skip(2);
    if (!reader.ok()) return Failure(Reason::incomplete);
    return request(reader, host);
}

Result<SocksRequest> read_socks5(ByteReader reader) noexcept {
    const std::uint8_t methods = reader.u8();
    reader.skip(methods);
    if (!reader.ok()) return Failure(Reason::incomplete);
    std::uint8_t version = reader.u8();
    if (reader.ok() && version == kPasswordVersion) {
        const std::uint8_t user = reader.u8();
        reader.skip(user);
        const std::uint8_t password = reader.u8();
        reader.skip(password);
        version = reader.u8();
    }
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (version != kSocks5) return Failure(Reason::not_this_protocol);
    return read_socks5_request(reader);
}

}  // namespace

bool may_be_socks_request(Bytes prefix) noexcept {
    ByteReader reader(prefix);
    const std::uint8_t version = reader.u8();
    if (version != kSocks4 && version != kSocks5) return false;
    const auto request = read_socks_request(prefix);
    return request || request.error() == Reason::incomplete;
}

Result<SocksRequest> read_socks_request(Bytes stream) noexcept {
    ByteReader reader(stream);
    const std::uint8_t version = reader.u8();
    if (!reader.ok()) return Failure(Reason::incomplete);
    if (version == kSocks4) return read_socks4(reader);
    if (version == kSocks5) {
        if (reader.remaining() != 0 && reader.rest().front() == std::byte{0}) return Failure(Reason::not_this_protocol);
        return read_socks5(reader);
    }
    return Failure(Reason::not_this_protocol);
}

}  // namespace sluis
