// Frames for tests, put together one layer a call, from the inside out: ethernet(ipv4({}, tcp({.flags = kTcpSyn}))).
//
// The checksums come from a plain sum of this file's own, so that a test does not prove the product by the product.
#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "dataplane/packet/ether_type.h"
#include "dataplane/packet/packet.h"
#include "dataplane/packet/tcp_segment.h"
#include "tests/unit/tls_hello.h"

namespace sluis::test {

inline constexpr int kEtherQinQ = kEtherServiceVlan, kEtherBridging = kEtherTransparent;
inline constexpr int kProtocolIpIp = 4, kProtocolIpv6 = 41, kProtocolGre = 47;

inline std::uint32_t plain_sum(Bytes bytes, std::uint32_t sum = 0) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
        sum += i % 2 == 0 ? byte << 8 : byte;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}
inline std::uint16_t plain_checksum(Bytes bytes, std::uint32_t sum = 0) {
    return static_cast<std::uint16_t>(~plain_sum(bytes, sum));
}
inline void put16(Buffer& bytes, std::size_t at, std::uint32_t value) {
    bytes.at(at) = static_cast<std::byte>(value >> 8);
    bytes.at(at + 1) = static_cast<std::byte>(value);
}
inline std::uint32_t get16(Bytes bytes, std::size_t at) {
    return std::to_integer<std::uint32_t>(bytes[at]) << 8 | std::to_integer<std::uint32_t>(bytes[at + 1]);
}
inline std::uint32_t get32(Bytes bytes, std::size_t at) { return get16(bytes, at) << 16 | get16(bytes, at + 2); }

inline Buffer address4(const std::string& text) {
    Buffer bytes(4);
    inet_pton(AF_INET, text.c_str(), bytes.data());
    return bytes;
}
inline Buffer address6(const std::string& text) {
    Buffer bytes(16);
    inet_pton(AF_INET6, text.c_str(), bytes.data());
    return bytes;
}

struct TcpFields {
    int source = 50000, destination = 443;
    std::uint32_t seq = 1000, ack = 0;
    int flags = kTcpAck;
    int window = 64240;
    int urgent = 0;
    Buffer options;  ///< a multiple of four bytes
};
/// The checksum is filled in by the IP layer around it.
inline Buffer tcp(const TcpFields& fields, const Buffer& payload = {}) {
    const int header = static_cast<int>((20 + fields.options.size()) / 4);
    return big_endian(fields.source, 2) + big_endian(fields.destination, 2) + big_endian(fields.seq, 4) +
           big_endian(fields.ack, 4) + buffer({header << 4, fields.flags}) + big_endian(fields.window, 2) + Buffer(2) +
           big_endian(fields.urgent, 2) + fields.options + payload;
}
inline Buffer udp(int source, int destination, const Buffer& payload) {
    return big_endian(source, 2) + big_endian(destination, 2) + big_endian(8 + payload.size(), 2) + Buffer(2) + payload;
}

/// Writes the transport checksum of a whole TCP or UDP packet where there is none yet.
inline Buffer with_checksum(Buffer transport, int protocol, const Buffer& addresses) {
    const std::size_t at = protocol == kProtocolTcp ? 16 : protocol == kProtocolUdp ? 6 : 0;
    if (at == 0 || transport.size() < at + 2 || get16(transport, at) != 0) return transport;
    const std::uint32_t pseudo = plain_sum(addresses + big_endian(protocol, 4) + big_endian(transport.size(), 4));
    const std::uint32_t sum = plain_checksum(transport, pseudo);
    put16(transport, at, sum == 0 && protocol == kProtocolUdp ? 0xffff : sum);
    return transport;
}

struct Ipv4Fields {
    std::string source = "192.0.2.10", destination = "198.51.100.20";
    int protocol = kProtocolTcp;
    int id = 1;
    int offset = 0;  ///< bytes
    bool more = false;
    Buffer options;     ///< a multiple of four bytes
    bool whole = true;  ///< the payload is a whole packet, whose checksum is filled in
};
inline Buffer ipv4(const Ipv4Fields& fields, Buffer payload) {
    const Buffer addresses = address4(fields.source) + address4(fields.destination);
    if (fields.whole) payload = with_checksum(std::move(payload), fields.protocol, addresses);
    const int header = static_cast<int>(20 + fields.options.size());
    Buffer bytes = buffer({0x40 | header / 4, 0}) + big_endian(header + payload.size(), 2) + big_endian(fields.id, 2) +
                   big_endian((fields.more ? 0x2000 : 0) | fields.offset / 8, 2) + buffer({64, fields.protocol}) +
                   Buffer(2) + addresses + fields.options;
    put16(bytes, 10, plain_checksum(bytes));
    return bytes + payload;
}

struct Ipv6Fields {
    std::string source = "2001:db8:1::10", destination = "2001:db8:2::20";
    int protocol = kProtocolTcp;  ///< of `payload`
    Buffer extensions;            ///< each with the type of what follows it
    int first = -1;               ///< type of the first of them
};
inline Buffer ipv6(const Ipv6Fields& fields, Buffer payload) {
    const Buffer addresses = address6(fields.source) + address6(fields.destination);
    payload = fields.extensions + with_checksum(std::move(payload), fields.protocol, addresses);
    return buffer({0x60, 0, 0, 0}) + big_endian(payload.size(), 2) +
           buffer({fields.first < 0 ? fields.protocol : fields.first, 64}) + addresses + payload;
}
/// An IPv6 extension header of 8 bytes: `next`, its length field 0, and PadN or what `body` says.
inline Buffer extension_header(int next, Buffer body = buffer({1, 4, 0, 0, 0, 0})) { return buffer({next, 0}) + body; }
inline Buffer fragment_header(int next, int offset, bool more, std::uint32_t id) {
    return buffer({next, 0}) + big_endian(offset | (more ? 1 : 0), 2) + big_endian(id, 4);
}

/// The client's MAC address first, unless `to_client`.
inline Buffer ethernet(const Buffer& payload, int type = kEtherIpv4, bool to_client = false) {
    const Buffer client = buffer({2, 0, 0, 0, 0, 1}), router = buffer({2, 0, 0, 0, 0, 2});
    return (to_client ? client + router : router + client) + big_endian(type, 2) + payload;
}
/// A tag and what it holds: the payload of ethernet(…, kEtherVlan).
inline Buffer vlan(int id, const Buffer& payload, int type = kEtherIpv4) {
    return big_endian(id, 2) + big_endian(type, 2) + payload;
}
inline Buffer pppoe(const Buffer& payload, int protocol = 0x0021) {
    return buffer({0x11, 0, 0, 7}) + big_endian(payload.size() + 2, 2) + big_endian(protocol, 2) + payload;
}
inline Buffer mpls(std::initializer_list<int> labels, const Buffer& payload) {
    Buffer bytes;
    std::size_t left = labels.size();
    for (int label : labels) bytes = bytes + big_endian(label << 12 | (--left == 0 ? 0x100 : 0) | 64, 4);
    return bytes + payload;
}
/// GRE with the optional fields that `flags` names (0x8000 checksum, 0x2000 key, 0x1000 sequence).
inline Buffer gre(const Buffer& payload, int type = kEtherIpv4, int flags = 0) {
    Buffer options;
    for (int bit : {0x8000, 0x2000, 0x1000})
        if (flags & bit) options = options + Buffer(4, std::byte{9});
    return big_endian(flags, 2) + big_endian(type, 2) + options + payload;
}
inline Buffer vxlan(const Buffer& frame) { return buffer({8, 0, 0, 0, 0, 0, 5, 0}) + frame; }
inline Buffer geneve(const Buffer& payload, int type = kEtherBridging, const Buffer& options = {}) {
    return buffer({static_cast<int>(options.size() / 4), 0}) + big_endian(type, 2) + buffer({0, 0, 5, 0}) + options +
           payload;
}

inline Buffer operator+(Buffer left, std::string_view right) { return std::move(left) + buffer(right); }

}  // namespace sluis::test
