// Tunnels that do not encrypt: each header around one packet, cut at every byte, and within the depth.
#include "dataplane/packet/tunnel_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/packet/decode.h"
#include "dataplane/packet/plain_packet.h"
#include "dataplane/packet/tunnel_port.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kData = buffer("payload");
const Buffer kIp = ipv4({}, tcp({}, kData));
const Buffer kIp6 = ipv6({}, tcp({}, kData));
const Buffer kFrame = ethernet(kIp);
const Buffer kPppFrame = buffer({0xff, 3, 0, 0x21}) + kIp;

Buffer over_udp(int port, const Buffer& payload) {
    return ethernet(ipv4({.source = "10.9.0.1", .protocol = kProtocolUdp}, udp(5556, port, payload)));
}
Buffer over_ip(int protocol, const Buffer& payload) {
    return ethernet(ipv4({.source = "10.9.0.1", .protocol = protocol}, payload));
}
Buffer over_gre(int flags, int type, const Buffer& payload) {
    return over_ip(kProtocolGre, big_endian(flags, 2) + big_endian(type, 2) + payload);
}
Buffer authentication_header(int next) { return buffer({next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}) + Buffer(12); }
Buffer gtp(int flags, const Buffer& behind) {
    return buffer({flags, 0xff}) + big_endian(behind.size(), 2) + buffer({0, 0, 0, 7}) + behind;
}
const Buffer kLabel = mpls({20}, {});

struct Row {
    std::string what;
    Buffer frame;
    int tunnels = 1;
};

std::vector<Row> rows() {
    return {
        {"AH", over_ip(51, authentication_header(kProtocolTcp) + slice(kIp, 20))},
        {"AH around IP", over_ip(51, authentication_header(kProtocolIpIp) + kIp), 2},
        {"EtherIP", over_ip(97, buffer({0x30, 0}) + kFrame)},
        {"MPLS in IP", over_ip(137, kLabel + kIp)},
        {"L2TPv3 in IP", over_ip(115, buffer({0, 0, 0, 9}) + kFrame)},
        {"L2TPv3 in IP, a sublayer", over_ip(115, buffer({0, 0, 0, 9}) + Buffer(4) + kFrame)},
        {"L2TPv3 in IP, cookie and sublayer", over_ip(115, buffer({0, 0, 0, 9}) + Buffer(12) + kFrame)},
        {"L2TPv3 in IP, PPP", over_ip(115, buffer({0, 0, 0, 9}) + Buffer(4) + kPppFrame)},
        {"GRE, routes", over_gre(0x4000, 0x0800, Buffer(4) + buffer({0, 1, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0}) + kIp)},
        {"GRE, MPLS", over_gre(0, 0x8847, kLabel + kIp)},
        {"GRE, a tag", over_gre(0, 0x8100, vlan(4, kIp))},
        {"GRE, WCCP", over_gre(0, 0x883e, kIp)},
        {"GRE, WCCP, redirected", over_gre(0, 0x883e, buffer({0, 1, 2, 3}) + kIp)},
        {"ERSPAN I", over_gre(0, 0x88be, kFrame)},
        {"ERSPAN II", over_gre(0x1000, 0x88be, Buffer(4) + buffer({0x10}) + Buffer(7) + kFrame)},
        {"ERSPAN III", over_gre(0x1000, 0x22eb, Buffer(4) + buffer({0x20}) + Buffer(11) + kFrame)},
        {"ERSPAN III, platform", over_gre(0x1000, 0x22eb, Buffer(4) + Buffer(11) + buffer({1}) + Buffer(8) + kFrame)},
        {"PPTP", over_gre(0x3001, 0x880b, Buffer(8) + kPppFrame)},
        {"PPTP, acknowledging", over_gre(0x3081, 0x880b, Buffer(12) + kPppFrame)},
        {"PPTP, compressed", over_gre(0x2001, 0x880b, Buffer(4) + buffer({0x21}) + kIp)},
        {"EoIP", over_gre(0x2001, 0x6400, Buffer(4) + kFrame)},
        {"VXLAN", over_udp(4789, vxlan(kFrame))},
        {"VXLAN-GPE, IPv4", over_udp(4790, buffer({0x0c, 0, 0, 1, 0, 0, 1, 0}) + kIp)},
        {"VXLAN-GPE, IPv6", over_udp(4790, buffer({0x0c, 0, 0, 2, 0, 0, 1, 0}) + kIp6)},
        {"VXLAN-GPE, Ethernet", over_udp(4790, buffer({0x0c, 0, 0, 3, 0, 0, 1, 0}) + kFrame)},
        {"VXLAN-GPE, MPLS", over_udp(4790, buffer({0x0c, 0, 0, 5, 0, 0, 1, 0}) + kLabel + kIp)},
        {"VXLAN-GPE, unsaid", over_udp(4790, buffer({0x08, 0, 0, 0, 0, 0, 1, 0}) + kFrame)},
        {"GENEVE", over_udp(6081, geneve(kIp, kEtherIpv4, Buffer(8)))},
        {"GTP-U", over_udp(2152, gtp(0x30, kIp))},
        {"GTP-U, IPv6", over_udp(2152, gtp(0x30, kIp6))},
        {"GTP-U, Ethernet", over_udp(2152, gtp(0x30, kFrame))},
        {"GTP-U, numbered", over_udp(2152, gtp(0x32, Buffer(4) + kIp))},
        {"GTP-U, extended twice",
         over_udp(2152, gtp(0x34, buffer({0, 0, 0, 0x85, 1, 0x10, 0, 0x85, 2, 0, 0, 0, 0, 0, 0, 0}) + kIp))},
        {"L2TP", over_udp(1701, buffer({0, 2, 0, 1, 0, 1}) + kPppFrame)},
        {"L2TP with all", over_udp(1701, buffer({0x4b, 2, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 2, 9, 9}) + kPppFrame)},
        {"L2TPv3", over_udp(1701, buffer({0, 3, 0, 0, 0, 0, 0, 9}) + Buffer(4) + kFrame)},
        {"MPLS", over_udp(6635, kLabel + kIp)},
        {"GRE in UDP", over_udp(4754, gre(kIp))},
        {"FOU, IPv4", over_udp(5555, kIp)},
        {"FOU, IPv6", over_udp(5555, kIp6)},
        {"FOU, GRE", over_udp(5555, gre(kIp, kEtherIpv4, 0x2000))},
        {"GUE, IPv4", over_udp(6080, buffer({0, 4, 0, 0}) + kIp)},
        {"GUE, GRE, with an option", over_udp(6080, buffer({1, 47, 0, 0, 9, 9, 9, 9}) + gre(kIp))},
        {"GUE, version 1", over_udp(6080, kIp6)},
        {"Teredo", over_udp(3544, kIp6)},
        {"Teredo, both indications", over_udp(3544, buffer({0, 1, 1, 2, 7, 7, 7}) + Buffer(9) + Buffer(8) + kIp6)},
        {"LISP", over_udp(4341, Buffer(8) + kIp)},
    };
}

struct Read {
    Decoded decoded;
    Packet packet;
    Reason reason = Reason::none;
    bool plain;
};
Read read(Bytes bytes, std::uint32_t depth = 2) {
    const auto block = std::make_unique<std::byte[]>(bytes.size());  // of the frame's exact size, for the sanitizer
    std::copy(bytes.begin(), bytes.end(), block.get());
    Frame frame;
    frame.data = block.get();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    Read result;
    result.decoded = decode(frame, {depth}, result.packet, result.reason);
    PlainPacket plain;
    result.plain = read_plain_packet(frame, plain);
    if (result.decoded != Decoded::transport) return result;
    EXPECT_GE(result.packet.payload.data(), block.get());
    EXPECT_LE(result.packet.payload.data() + result.packet.payload.size(), block.get() + bytes.size());
    return result;
}

TEST(TunnelHeader, EachIsLookedThrough) {
    for (const Row& row : rows()) {
        const Read result = read(row.frame);
        EXPECT_EQ(result.decoded, Decoded::transport) << row.what;
        EXPECT_FALSE(result.plain) << row.what;
        EXPECT_EQ(result.packet.endpoints.destination.port, 443) << row.what;
        EXPECT_EQ(result.packet.payload.size(), kData.size()) << row.what;
        EXPECT_EQ(result.packet.tunnels, row.tunnels) << row.what;
        EXPECT_FALSE(result.packet.answerable) << row.what;
    }
}

TEST(TunnelHeader, DepthHoldsForAll) {
    for (const Row& row : rows()) {
        const Read result = read(row.frame, static_cast<std::uint32_t>(row.tunnels) - 1);
        EXPECT_EQ(result.decoded, Decoded::too_deep) << row.what;
        EXPECT_EQ(result.reason, Reason::encapsulation_depth) << row.what;
    }
}

TEST(TunnelHeader, CutAtEveryByteAndAnyByteChanged) {
    for (const Row& row : rows()) {
        for (std::size_t size = 0; size < row.frame.size(); ++size) read(Bytes(row.frame).first(size));
        for (std::size_t at = 0; at < row.frame.size(); ++at)
            for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                Buffer frame = row.frame;
                frame[at] = static_cast<std::byte>(value);
                read(frame);
            }
    }
}

TEST(TunnelHeader, FragmentsOfEachAreHeld) {
    for (const int protocol : {4, 41, 47, 51, 97, 115, 137})
        EXPECT_EQ(read(ethernet(ipv4({.protocol = protocol, .more = true, .whole = false}, Buffer(64)))).decoded,
                  Decoded::fragment)
            << protocol;
}

TEST(TunnelHeader, WhatIsNoneStaysADatagram) {
    for (const std::uint16_t port : kTunnelPorts) {
        const Read result = read(over_udp(port, kData));
        EXPECT_EQ(result.decoded, Decoded::transport) << port;
        EXPECT_EQ(result.packet.endpoints.destination.port, port);
        EXPECT_EQ(result.packet.tunnels, 0);
        EXPECT_TRUE(result.packet.answerable);
    }
}

TEST(TunnelHeader, NoneOfTheseIsOne) {
    const std::vector<Row> none{
        {"L2TP control", over_udp(1701, buffer({0xc8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}))},
        {"GTP-U echo", over_udp(2152, buffer({0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0}))},
        {"GTP-U, an extension without length", over_udp(2152, gtp(0x34, buffer({0, 0, 0, 0x85, 0}) + kIp))},
        {"GUE control", over_udp(6080, buffer({0x20, 4, 0, 0}) + kIp)},
        {"VXLAN without its bit", over_udp(4789, buffer({0, 0, 0, 0, 0, 0, 5, 0}) + kFrame)},
        {"VXLAN-GPE, NSH", over_udp(4790, buffer({0x0c, 0, 0, 4, 0, 0, 1, 0}) + kIp)},
    };
    for (const Row& row : none) EXPECT_EQ(read(row.frame).packet.tunnels, 0) << row.what;
    EXPECT_EQ(read(over_ip(115, Buffer(4) + kFrame)).decoded, Decoded::opaque) << "L2TPv3 control";
    EXPECT_EQ(read(over_ip(97, buffer({0x40, 0}) + kFrame)).decoded, Decoded::opaque) << "EtherIP of another version";
    EXPECT_EQ(read(over_gre(0x4000, 0x0800, Buffer(4) + buffer({0, 1, 0, 250}) + kIp)).decoded, Decoded::opaque)
        << "a route beyond the packet";
}

TEST(TunnelHeader, FramesWithinFramesAreNoDeeperThanTheLimit) {
    Buffer frame = kFrame;
    for (int i = 0; i < 100; ++i) frame = over_ip(97, buffer({0x30, 0}) + frame);
    EXPECT_EQ(read(frame).decoded, Decoded::too_deep);
    Buffer authenticated = slice(kIp, 20);
    for (int i = 0; i < 100; ++i) authenticated = authentication_header(i == 0 ? kProtocolTcp : 51) + authenticated;
    EXPECT_EQ(read(over_ip(51, authenticated)).decoded, Decoded::too_deep);
    Buffer bridged = kFrame;
    for (int i = 0; i < 100; ++i) bridged = ethernet(bridged, kEtherBridging);
    EXPECT_EQ(read(over_gre(0, kEtherBridging, bridged)).decoded, Decoded::opaque);
}

}  // namespace
}  // namespace sluis::test
