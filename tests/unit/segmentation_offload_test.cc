// Segments as a host captured them, larger than any frame, and what its card made of them.
#include "control/cli/inspect/segmentation_offload.h"

#include <gtest/gtest.h>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/decode.h"
#include "tests/unit/frame_builder.h"

namespace sluis::test {
namespace {

constexpr int kFin = kTcpFin, kPsh = kTcpPsh, kAck = kTcpAck, kCwr = 0x80, kEce = 0x40;

Buffer data(std::size_t size) {
    Buffer bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
    return bytes;
}

Frame frame_of(Buffer& bytes) { return {.data = bytes.data(), .length = static_cast<std::uint32_t>(bytes.size())}; }

/// The frames that a card sends for one that was captured; none when it is left as it is.
std::vector<Buffer> cut(Buffer bytes) {
    Frame frame = frame_of(bytes);
    std::vector<Buffer> parts;
    const auto joined = JoinedSegment::find(frame);
    for (std::size_t i = 0; joined && i < joined->parts(); ++i) joined->write(i, parts.emplace_back(joined->size(i)));
    return parts;
}

/// What each frame that a card made is to be, put together layer by layer.
template <typename Below>
std::vector<Buffer> expected(const TcpFields& whole, const Buffer& payload, std::size_t room, Below below) {
    std::vector<Buffer> parts;
    for (std::size_t at = 0; at < payload.size(); at += room) {
        const std::size_t end = std::min(at + room, payload.size());
        TcpFields fields = whole;
        fields.seq += static_cast<std::uint32_t>(at);
        if (at != 0) fields.flags &= ~kCwr;
        if (end != payload.size()) fields.flags &= ~(kFin | kPsh);
        parts.push_back(
            below(static_cast<int>(parts.size()), tcp(fields, buffer(Bytes(payload).subspan(at, end - at)))));
    }
    return parts;
}

const TcpFields kFields{.seq = 0xffff'f000, .ack = 77, .flags = kAck | kPsh | kFin | kCwr | kEce};

TEST(JoinedSegment, IsCutAsACardCutsIt) {
    const Buffer payload = data(40'000);
    const auto below = [](int part, const Buffer& segment) {
        return ethernet(vlan(7, ipv4({.id = 0xfffe + part, .options = Buffer(4)}, segment)), kEtherVlan);
    };
    TcpFields fields = kFields;
    fields.options = buffer({1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2});
    EXPECT_EQ(cut(below(0, tcp(fields, payload))), expected(fields, payload, 1500 - 24 - 32, below));
}

TEST(JoinedSegment, OverIpv6) {
    const Buffer payload = data(30'000);
    const auto below = [](int, const Buffer& segment) {
        return ethernet(ipv6({.extensions = extension_header(6), .first = 60}, segment), kEtherIpv6);
    };
    EXPECT_EQ(cut(below(0, tcp(kFields, payload))), expected(kFields, payload, 1500 - 48 - 20, below));
}

/// Senders leave the length to their card; Linux does where it has no room (BIG TCP).
TEST(JoinedSegment, WithoutATotalLength) {
    const auto below = [](int part, const Buffer& segment) { return ethernet(ipv4({.id = part}, segment)); };
    for (const std::size_t size : {1461u, 2920u, 9000u, 150'000u}) {
        const Buffer payload = data(size);
        Buffer whole = below(0, tcp(kFields, payload));
        put16(whole, 16, 0);
        EXPECT_EQ(cut(whole), expected(kFields, payload, 1460, below)) << size;
    }
}

TEST(JoinedSegment, OverPppoe) {
    const Buffer payload = data(20'000);
    const auto below = [](int part, const Buffer& segment) {
        return ethernet(vlan(7, pppoe(ipv4({.id = part}, segment)), kEtherPppoe), kEtherVlan);
    };
    EXPECT_EQ(cut(below(0, tcp(kFields, payload))), expected(kFields, payload, 1500 - 8 - 40, below));
}

TEST(JoinedSegment, WithinVxlanAndGeneve) {
    const Buffer payload = data(20'000);
    const auto vxlan_over_ipv4 = [](int part, const Buffer& segment) {
        const Buffer frame = ethernet(vlan(9, ipv4({.id = 5 + part}, segment)), kEtherVlan);
        Buffer datagram = udp(50'000, 4789, vxlan(frame));
        put16(datagram, 6, 0);
        return ethernet(ipv4({.protocol = kProtocolUdp, .id = part, .whole = false}, datagram));
    };
    EXPECT_EQ(cut(vxlan_over_ipv4(0, tcp(kFields, payload))),
              expected(kFields, payload, 1500 - 28 - 8 - 18 - 40, vxlan_over_ipv4));
    const auto geneve_over_ipv6 = [](int, const Buffer& segment) {
        const Buffer frame = ethernet(ipv6({}, segment), kEtherIpv6);
        return ethernet(ipv6({.protocol = kProtocolUdp}, udp(50'000, 6081, geneve(frame))), kEtherIpv6);
    };
    EXPECT_EQ(cut(geneve_over_ipv6(0, tcp(kFields, payload))),
              expected(kFields, payload, 1500 - 48 - 8 - 14 - 60, geneve_over_ipv6));
    const auto twice_over_pppoe = [&](int part, const Buffer& segment) {
        const Buffer within = udp(50'000, 8472, vxlan(vxlan_over_ipv4(part, segment)));
        return ethernet(pppoe(ipv4({.protocol = kProtocolUdp, .id = 77 + part}, within)), kEtherPppoe);
    };
    EXPECT_EQ(cut(twice_over_pppoe(0, tcp(kFields, payload))),
              expected(kFields, payload, 1500 - 8 - 36 - 14 - 36 - 18 - 40, twice_over_pppoe));
}

/// As Linux hands BIG TCP to what captures: with the option, or with no length alone.
TEST(JoinedSegment, OfAnIpv6Jumbogram) {
    const Buffer payload = data(150'000);
    const auto below = [](int, const Buffer& segment) {
        return ethernet(vlan(7, ipv6({}, segment), kEtherIpv6), kEtherVlan);
    };
    const Buffer segment = tcp(kFields, payload);
    const auto jumbo = [&](std::size_t length) {
        const Buffer option = extension_header(kProtocolTcp, buffer({0xc2, 4}) + big_endian(length, 4));
        Buffer packet = ipv6({.extensions = option, .first = 0}, segment);
        put16(packet, 4, 0);
        return ethernet(vlan(7, packet, kEtherIpv6), kEtherVlan);
    };
    const std::vector<Buffer> parts = expected(kFields, payload, 1500 - 60, below);
    EXPECT_EQ(cut(jumbo(segment.size() + 8)), parts);
    EXPECT_TRUE(cut(jumbo(segment.size() + 7)).empty()) << "an option that says another length";
    Buffer bare = below(0, segment);
    put16(bare, 18 + 4, 0);
    EXPECT_EQ(cut(bare), parts);
    Buffer of_udp = ethernet(ipv6({.protocol = kProtocolUdp}, udp(5000, 443, payload)), kEtherIpv6);
    put16(of_udp, 14 + 4, 0);
    EXPECT_TRUE(cut(of_udp).empty());
}

TEST(JoinedSegment, ChecksumsOfTheWholeDoNotMatter) {
    Buffer whole = ethernet(ipv4({}, tcp(kFields, data(20'000))));
    const std::vector<Buffer> right = cut(whole);
    put16(whole, 24, 0);       // of the IPv4 header
    put16(whole, 50, 0x1234);  // of TCP
    EXPECT_EQ(cut(whole), right);
    EXPECT_EQ(right.size(), 14u);
}

TEST(JoinedSegment, WhatAPortCanReceiveIsLeftAlone) {
    EXPECT_TRUE(cut(ethernet(ipv4({}, tcp({}, data(16'000 - 40))))).empty()) << "a jumbo frame";
    EXPECT_EQ(cut(ethernet(ipv4({}, tcp({}, data(16'001 - 40))))).size(), 11u);
    Buffer short_one = ethernet(ipv4({}, tcp({}, data(1460))));
    put16(short_one, 16, 0);
    EXPECT_TRUE(cut(short_one).empty()) << "a frame of an Ethernet MTU: its length is wrong";
}

TEST(JoinedSegment, WhatNoCardCutsIsLeftAlone) {
    const Buffer payload = data(20'000);
    for (const int flag : {kTcpSyn, kTcpRst, kTcpUrg})
        EXPECT_TRUE(cut(ethernet(ipv4({}, tcp({.flags = kAck | flag}, payload)))).empty()) << flag;
    EXPECT_TRUE(cut(ethernet(ipv4({.protocol = kProtocolUdp}, udp(5000, 443, payload)))).empty());
    EXPECT_TRUE(cut(ethernet(ipv4({.more = true}, tcp({}, payload)))).empty()) << "a fragment";
    EXPECT_TRUE(cut(ethernet(ipv4({.protocol = kProtocolIpIp}, ipv4({}, tcp({}, payload))))).empty()) << "a tunnel";
    const Buffer in_ip = ethernet(ipv4({.protocol = kProtocolIpIp}, ipv4({}, tcp({}, payload))));
    EXPECT_TRUE(cut(ethernet(ipv4({.protocol = kProtocolUdp}, udp(5000, 4789, vxlan(in_ip))))).empty());
    EXPECT_TRUE(cut(ethernet(ipv4({.protocol = kProtocolUdp}, udp(5000, 2152, vxlan(in_ip))))).empty());
    EXPECT_TRUE(cut(ethernet(payload, 0x9000)).empty()) << "not IP";
    Buffer cut_short = ethernet(ipv4({}, tcp({}, payload)));
    cut_short.resize(cut_short.size() - 1);
    EXPECT_TRUE(cut(cut_short).empty()) << "not whole in the capture";
}

TEST(JoinedSegment, NoRoomBesideTheHeaders) {
    Buffer extensions;
    for (int i = 0; i < 7; ++i) extensions = extensions + buffer({i < 6 ? 60 : 6, 27}) + Buffer(222);
    EXPECT_TRUE(
        cut(ethernet(ipv6({.extensions = extensions, .first = 60}, tcp({}, data(20'000))), kEtherIpv6)).empty());
}

}  // namespace
}  // namespace sluis::test
