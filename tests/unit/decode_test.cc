// Decoding, layer by layer and cut at every byte.
#include "dataplane/packet/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "tests/unit/frame_builder.h"

namespace sluis::test {
namespace {

struct Read {
    Decoded decoded;
    Packet packet;
    Reason reason = Reason::none;
    std::unique_ptr<std::byte[]> block;  ///< of the frame's exact size, for the sanitizer
    Frame frame;
};
std::unique_ptr<Read> read(Bytes bytes, std::uint32_t depth = 2) {
    auto result = std::make_unique<Read>();
    result->block = std::make_unique<std::byte[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), result->block.get());
    result->frame.data = result->block.get();
    result->frame.length = static_cast<std::uint32_t>(bytes.size());
    result->decoded = decode(result->frame, {depth}, result->packet, result->reason);
    return result;
}

const Buffer kData = buffer("payload");
const Buffer kTcp = ipv4({}, tcp({}, kData));
const Buffer kTcp6 = ipv6({}, tcp({}, kData));
const Buffer kUdp = ipv4({.protocol = kProtocolUdp}, udp(5000, 53, kData));

Buffer in_udp(int port, const Buffer& payload) { return ipv4({.protocol = kProtocolUdp}, udp(5555, port, payload)); }
Buffer hop_by_hop_chain(int first, const Buffer& extensions) {
    return ethernet(ipv6({.extensions = extensions, .first = first}, tcp({}, kData)), kEtherIpv6);
}

Buffer in_tags(const std::vector<int>& ids, Buffer payload, int type = kEtherIpv4) {
    for (auto id = ids.rbegin(); id != ids.rend(); ++id, type = kEtherVlan) payload = vlan(*id, payload, type);
    return payload;
}

/// IPv6 with a length of 0 before hop-by-hop options, as jumbograms have it.
Buffer lengthless() {
    Buffer bytes = ipv6({.extensions = extension_header(6), .first = 0}, tcp({}, kData));
    put16(bytes, 4, 0);
    return bytes;
}
/// UDP over IPv6 with a length of 0.
Buffer lengthless_udp() {
    Buffer bytes = ipv6({.protocol = kProtocolUdp}, udp(5000, 53, kData));
    put16(bytes, 44, 0);
    return bytes;
}
Buffer options_chain(int count) {
    Buffer extensions;
    for (int i = 1; i < count; ++i) extensions = extensions + extension_header(60);
    return ipv6({.extensions = extensions + extension_header(6), .first = 60}, tcp({}, kData));
}
Buffer llc(const Buffer& header, const Buffer& packet) {
    return ethernet(header + packet, static_cast<int>(header.size() + packet.size()));
}

struct Row {
    const char* what;
    Buffer frame;
    Decoded decoded = Decoded::transport;
    int tunnels = 0;
    bool answerable = true;
};

std::vector<Row> rows() {
    const Buffer padn = buffer({1, 4, 0, 0, 0, 0});
    return {
        {"IPv4", ethernet(kTcp)},
        {"IPv6", ethernet(kTcp6, kEtherIpv6)},
        {"UDP", ethernet(kUdp)},
        {"padding behind the packet", ethernet(kTcp) + Buffer(20)},
        {"IPv4 options", ethernet(ipv4({.options = buffer({7, 7, 4, 0, 0, 0, 0, 0})}, tcp({}, kData)))},
        {"one tag", ethernet(vlan(5, kTcp), kEtherVlan)},
        {"QinQ", ethernet(vlan(5, vlan(6, kTcp), kEtherVlan), kEtherQinQ)},
        {"four tags", ethernet(vlan(1, vlan(2, vlan(3, vlan(4, kTcp), kEtherVlan), 0x9200), 0x9100), kEtherQinQ)},
        {"five tags",
         ethernet(vlan(1, vlan(2, vlan(3, vlan(4, vlan(5, kTcp), kEtherVlan), kEtherVlan), 0x9200), 0x9100),
                  kEtherQinQ),
         Decoded::too_deep},
        {"five tags, and no packet", ethernet(in_tags({1, 2, 3, 4, 5}, kData, 0x0806), kEtherVlan), Decoded::opaque},
        {"ten priority tags", ethernet(in_tags(std::vector<int>(10, 0xe000), kTcp), kEtherVlan)},
        {"priority tags around four others", ethernet(in_tags({0, 0, 1, 0, 2, 0, 3, 4, 0}, kTcp), kEtherVlan)},
        {"priority tags around five others", ethernet(in_tags({0, 1, 2, 0, 3, 4, 0, 5}, kTcp), kEtherVlan),
         Decoded::too_deep},
        {"PPPoE", ethernet(pppoe(kTcp), kEtherPppoe)},
        {"PPPoE, IPv6", ethernet(pppoe(kTcp6, 0x57), kEtherPppoe)},
        {"PPPoE, LCP", ethernet(pppoe(kTcp, 0xc021), kEtherPppoe), Decoded::opaque},
        {"PPPoE discovery", ethernet(kTcp, 0x8863), Decoded::opaque},
        {"MPLS", ethernet(mpls({16}, kTcp), kEtherMpls), Decoded::transport, 0, false},
        {"MPLS, three labels, IPv6", ethernet(mpls({16, 17, 18}, kTcp6), kEtherMpls), Decoded::transport, 0, false},
        {"MPLS, forty labels",
         ethernet(mpls({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
                       kTcp),
                  kEtherMpls),
         Decoded::transport, 0, false},
        {"PPPoE, MPLS", ethernet(pppoe(mpls({16}, kTcp), 0x0281), kEtherPppoe), Decoded::transport, 0, false},
        {"MPLS pseudowire", ethernet(mpls({16, 17}, Buffer(4) + ethernet(kTcp)), kEtherMpls), Decoded::transport, 1,
         false},
        {"GRE", ethernet(ipv4({.protocol = kProtocolGre}, gre(kTcp))), Decoded::transport, 1, false},
        {"GRE with key", ethernet(ipv4({.protocol = kProtocolGre}, gre(kTcp, kEtherIpv4, 0x2000))), Decoded::transport,
         1, false},
        {"GRE with all", ethernet(ipv4({.protocol = kProtocolGre}, gre(kTcp6, kEtherIpv6, 0xb000))), Decoded::transport,
         1, false},
        {"GRE, version 1, no PPP", ethernet(ipv4({.protocol = kProtocolGre}, gre(kTcp, 0x0800, 0x2001))),
         Decoded::opaque},
        {"GRE, bridging", ethernet(ipv4({.protocol = kProtocolGre}, gre(ethernet(kTcp), kEtherBridging))),
         Decoded::transport, 1, false},
        {"VXLAN", ethernet(in_udp(4789, vxlan(ethernet(kTcp)))), Decoded::transport, 1, false},
        {"VXLAN with a tag", ethernet(in_udp(4789, vxlan(ethernet(vlan(9, kUdp), kEtherVlan)))), Decoded::transport, 1,
         false},
        {"GENEVE", ethernet(in_udp(6081, geneve(ethernet(kTcp)))), Decoded::transport, 1, false},
        {"GENEVE with options, IPv4", ethernet(in_udp(6081, geneve(kTcp, kEtherIpv4, Buffer(8)))), Decoded::transport,
         1, false},
        {"IP in IP", ethernet(ipv4({.protocol = kProtocolIpIp}, kTcp)), Decoded::transport, 1, false},
        {"6in4", ethernet(ipv4({.protocol = kProtocolIpv6}, kTcp6)), Decoded::transport, 1, false},
        {"4in6", ethernet(ipv6({.protocol = kProtocolIpIp}, kTcp), kEtherIpv6), Decoded::transport, 1, false},
        {"two deep", ethernet(ipv4({.protocol = kProtocolIpIp}, ipv4({.protocol = kProtocolGre}, gre(kTcp)))),
         Decoded::transport, 2, false},
        {"three deep",
         ethernet(ipv4({.protocol = kProtocolIpIp},
                       ipv4({.protocol = kProtocolIpIp}, ipv4({.protocol = kProtocolIpIp}, kTcp)))),
         Decoded::too_deep, 3, false},
        {"an inner header that lies", ethernet(ipv4({.protocol = kProtocolIpIp}, buffer(Bytes(kTcp).subspan(12)))),
         Decoded::opaque, 1, false},
        {"ICMP", ethernet(ipv4({.protocol = 1}, kData)), Decoded::opaque},
        {"ARP", ethernet(kData, 0x0806), Decoded::opaque},
        {"hop by hop", hop_by_hop_chain(0, extension_header(6))},
        {"destination options twice", hop_by_hop_chain(60, extension_header(60) + extension_header(6))},
        {"hop by hop twice", hop_by_hop_chain(0, extension_header(0) + extension_header(6)), Decoded::invalid},
        {"hop by hop in second place", hop_by_hop_chain(60, extension_header(0) + extension_header(6)),
         Decoded::invalid},
        {"an unknown option that is to be skipped",
         hop_by_hop_chain(0, extension_header(6, buffer({0x1e, 4, 0, 0, 0, 0})))},
        {"an unknown option that is not", hop_by_hop_chain(60, extension_header(6, buffer({0x9e, 4, 0, 0, 0, 0}))),
         Decoded::invalid},
        {"an option beyond its header", hop_by_hop_chain(60, extension_header(6, buffer({1, 5, 0, 0, 0, 0}))),
         Decoded::invalid},
        {"routing, nothing left", hop_by_hop_chain(43, extension_header(6, buffer({0, 0, 0, 0, 0, 0})))},
        {"routing of type 0, one left", hop_by_hop_chain(43, extension_header(6, buffer({0, 1, 0, 0, 0, 0}))),
         Decoded::invalid},
        {"segment routing", hop_by_hop_chain(43, extension_header(6, buffer({4, 1, 0, 0, 0, 0})))},
        {"authentication", hop_by_hop_chain(51, buffer({6, 4}) + Buffer(22))},
        {"mobility, HIP, shim6",
         hop_by_hop_chain(135, extension_header(139, padn) + extension_header(140, padn) + extension_header(6, padn))},
        {"an atomic fragment", hop_by_hop_chain(44, fragment_header(6, 0, false, 9))},
        {"a real fragment", hop_by_hop_chain(44, fragment_header(6, 0, true, 9)), Decoded::fragment},
        {"eight headers", ethernet(options_chain(8), kEtherIpv6)},
        {"nine headers", ethernet(options_chain(9), kEtherIpv6), Decoded::invalid},
        {"eight headers in a tunnel", ethernet(ipv4({.protocol = kProtocolIpv6}, options_chain(8))), Decoded::transport,
         1, false},
        {"nine headers in a tunnel, as hosts take them", ethernet(ipv4({.protocol = kProtocolIpv6}, options_chain(9))),
         Decoded::invalid},
        {"no length before options", ethernet(lengthless(), kEtherIpv6), Decoded::invalid},
        {"the same in a tunnel", ethernet(ipv4({.protocol = kProtocolIpv6}, lengthless())), Decoded::transport, 1,
         false},
        {"no length in UDP", ethernet(lengthless_udp(), kEtherIpv6), Decoded::invalid},
        {"the same in a tunnel", ethernet(ipv4({.protocol = kProtocolIpv6}, lengthless_udp())), Decoded::transport, 1,
         false},
        {"SNAP", llc(buffer({0xaa, 0xaa, 3, 0, 0, 0, 8, 0}), kTcp), Decoded::transport, 0, false},
        {"SNAP in a VLAN, IPv6",
         ethernet(vlan(5, buffer({0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd}) + kTcp6, 100), kEtherVlan), Decoded::transport,
         0, false},
        {"SNAP of an organisation", llc(buffer({0xaa, 0xaa, 3, 0, 0, 0x0c, 8, 0}), kTcp), Decoded::opaque},
        {"spanning tree", llc(buffer({0x42, 0x42, 3}), kData), Decoded::opaque},
        {"Novell, a type in its place", llc(buffer({0xff, 0xff, 0, 0, 0, 0, 8, 0}), kTcp), Decoded::opaque},
        {"an IPv4 fragment", ethernet(ipv4({.more = true, .whole = false}, tcp({}, kData))), Decoded::fragment},
        {"a later IPv4 fragment", ethernet(ipv4({.offset = 64, .whole = false}, kData)), Decoded::fragment},
        {"a fragment of ICMP", ethernet(ipv4({.protocol = 1, .more = true}, kData)), Decoded::opaque},
    };
}

TEST(Decode, EveryLayer) {
    for (const Row& row : rows()) {
        const auto result = read(row.frame);
        EXPECT_EQ(static_cast<int>(result->decoded), static_cast<int>(row.decoded)) << row.what;
        if (row.decoded == Decoded::invalid || row.decoded == Decoded::too_deep)
            EXPECT_NE(result->reason, Reason::none) << row.what;
        if (row.decoded != Decoded::transport) continue;
        EXPECT_EQ(as_text(result->packet.payload), "payload") << row.what;
        EXPECT_EQ(result->packet.tunnels, row.tunnels) << row.what;
        EXPECT_EQ(result->packet.answerable, row.answerable) << row.what;
        EXPECT_TRUE(result->packet.endpoints.destination.port == 443 ||
                    result->packet.endpoints.destination.port == 53);
    }
}

TEST(Decode, CutAtEveryByte) {
    for (const Row& row : rows())
        for (std::size_t size = 0; size < row.frame.size(); ++size) {
            const auto result = read(Bytes(row.frame).first(size));  // the sanitizer watches
            for (const Bytes part : {result->packet.payload, result->packet.transport}) {
                if (part.empty()) continue;
                ASSERT_GE(part.data(), result->block.get()) << row.what;
                ASSERT_LE(part.data() + part.size(), result->block.get() + size) << row.what;
            }
        }
}

TEST(Decode, AnyByteChanged) {
    for (const Row& row : rows())
        for (std::size_t at = 0; at < row.frame.size(); ++at)
            for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                Buffer frame = row.frame;
                frame[at] = static_cast<std::byte>(value);
                read(frame);
            }
}

TEST(Decode, TagsAreRememberedOutermostFirst) {
    const auto result = read(ethernet(vlan(0x2005, vlan(6, kTcp), kEtherVlan), kEtherQinQ));
    ASSERT_EQ(result->packet.vlan_count, 2);
    EXPECT_EQ(result->packet.vlan[0], 5);
    EXPECT_EQ(result->packet.vlan[1], 6);
    EXPECT_EQ(result->packet.network_offset, 22u);
}

TEST(Decode, PriorityTagsTakeNoRoomFromVlans) {
    const auto four = read(ethernet(in_tags({0, 0, 1, 0, 2, 0, 3, 4, 0}, kTcp), kEtherVlan));
    EXPECT_EQ(four->packet.vlan_count, 4);
    EXPECT_EQ(four->packet.vlan, (std::array<std::uint16_t, 4>{1, 2, 3, 4}));
    const auto one = read(ethernet(in_tags({0, 0, 0, 0, 7}, kTcp), kEtherVlan));
    EXPECT_EQ(one->packet.vlan_count, 1);
    EXPECT_EQ(one->packet.vlan, (std::array<std::uint16_t, 4>{7, 0, 0, 0}));
    EXPECT_EQ(read(ethernet(in_tags({1, 2, 3, 4, 5}, kTcp), kEtherVlan))->reason, Reason::vlan_depth);
}

TEST(Decode, HeadersThatHostsDiscard) {
    const auto changed = [](const Buffer& ip, std::size_t at, int value, int type = kEtherIpv4) {
        Buffer bytes = ip;
        bytes.at(at) = static_cast<std::byte>(value);
        if (type == kEtherIpv4) put16(bytes, 10, 0), put16(bytes, 10, plain_checksum(Bytes(bytes).first(20)));
        return ethernet(bytes, type);
    };
    struct Bad {
        const char* what;
        Buffer frame;
        Reason reason;
    };
    Buffer bad_sum = ethernet(kTcp);
    bad_sum[24] ^= std::byte{1};
    const std::vector<Bad> bad{
        {"version", changed(kTcp, 0, 0x55), Reason::ip_header},
        {"header length", changed(kTcp, 0, 0x44), Reason::ip_header},
        {"total length beyond the frame", changed(kTcp, 3, 48), Reason::ip_header},
        {"total length within the header", changed(kTcp, 3, 19), Reason::ip_header},
        {"checksum", bad_sum, Reason::ip_header},
        {"IPv6 length beyond the frame", changed(kTcp6, 5, 0xff, kEtherIpv6), Reason::ip_header},
        {"TCP header beyond the packet", changed(kTcp, 32, 0xf0), Reason::tcp_header},
        {"TCP header too short", changed(kTcp, 32, 0x40), Reason::tcp_header},
        {"UDP length beyond the packet", changed(kUdp, 25, 16), Reason::udp_header},
        {"UDP length within the header", changed(kUdp, 25, 7), Reason::udp_header},
    };
    for (const Bad& row : bad) {
        const auto result = read(row.frame);
        EXPECT_EQ(result->decoded, Decoded::invalid) << row.what;
        EXPECT_EQ(result->reason, row.reason) << row.what;
    }
}

TEST(Decode, UdpEndsWhereItsLengthSays) {
    Buffer datagram = udp(1, 2, kData) + buffer("more");
    const auto result = read(ethernet(ipv4({.protocol = kProtocolUdp}, datagram)));
    EXPECT_EQ(as_text(result->packet.payload), "payload");
}

TEST(Decode, WhatOnlySharesATunnelsPortIsReadAsItself) {
    const Buffer query = buffer("no frame at all, but bytes that go to the port of VXLAN or GENEVE");
    for (const int port : {4789, 8472, 6081}) {
        Buffer first_bit = query;
        first_bit[0] = port == 6081 ? std::byte{0} : std::byte{8};
        const auto result = read(ethernet(in_udp(port, first_bit)));
        EXPECT_EQ(result->decoded, Decoded::transport) << port;
        EXPECT_EQ(result->packet.payload.size(), query.size());
        EXPECT_EQ(result->packet.endpoints.destination.port, port);
        EXPECT_TRUE(result->packet.answerable);
    }
}

}  // namespace
}  // namespace sluis::test
