#include "dataplane/packet/plain_packet.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "dataplane/flow/flow_key.h"
#include "dataplane/packet/decode.h"
#include "tests/unit/frame_builder.h"

namespace sluis {
namespace {

using namespace test;

struct Form {
    const char* name;
    Buffer bytes;
    bool plain;
};

std::vector<Form> forms() {
    const Buffer segment = tcp({.seq = 7}, Buffer(5, std::byte{1}));
    const Buffer datagram = udp(40000, 443, Buffer(9, std::byte{2}));
    return {{"tcp4", ethernet(ipv4({}, segment)), true},
            {"udp4", ethernet(ipv4({.protocol = kProtocolUdp}, datagram)), true},
            {"tcp6", ethernet(ipv6({}, segment), kEtherIpv6), true},
            {"padded", ethernet(ipv4({}, segment)) + Buffer(11), true},
            {"vlan", ethernet(vlan(20, ipv4({}, segment)), kEtherVlan), true},
            {"qinq", ethernet(vlan(30, vlan(20, ipv4({}, segment)), kEtherVlan), kEtherQinQ), true},
            {"three_tags",
             ethernet(vlan(30, vlan(20, vlan(10, ipv4({}, segment)), kEtherVlan), kEtherVlan), kEtherQinQ), false},
            {"vxlan", ethernet(ipv4({.protocol = kProtocolUdp}, udp(40000, 4789, Buffer(30)))), false},
            {"gre", ethernet(ipv4({.protocol = kProtocolGre}, Buffer(40))), false},
            {"arp", ethernet(Buffer(46), 0x0806), false}};
}

void expect_expanded(Frame& frame, const PlainPacket& plain, const Packet& decoded, const char* what) {
    Packet expanded;
    std::memset(static_cast<void*>(&expanded), 0xa5, sizeof expanded);  // what the burst before left
    ASSERT_TRUE(expand_plain_packet(frame, plain, expanded)) << what;
    EXPECT_EQ(expanded.frame, decoded.frame) << what;
    EXPECT_TRUE(expanded.endpoints.source == decoded.endpoints.source) << what;
    EXPECT_TRUE(expanded.endpoints.destination == decoded.endpoints.destination) << what;
    EXPECT_EQ(expanded.endpoints.ipv6, decoded.endpoints.ipv6) << what;
    EXPECT_EQ(expanded.protocol, decoded.protocol) << what;
    EXPECT_EQ(expanded.transport.data(), decoded.transport.data()) << what;
    EXPECT_EQ(expanded.transport.size(), decoded.transport.size()) << what;
    EXPECT_EQ(expanded.payload.data(), decoded.payload.data()) << what;
    EXPECT_EQ(expanded.payload.size(), decoded.payload.size()) << what;
    EXPECT_EQ(expanded.vlan, decoded.vlan) << what;
    EXPECT_EQ(expanded.vlan_count, decoded.vlan_count) << what;
    EXPECT_EQ(expanded.network_offset, decoded.network_offset) << what;
    EXPECT_EQ(expanded.ppp_offset, decoded.ppp_offset) << what;
    EXPECT_EQ(expanded.tunnels, decoded.tunnels) << what;
    EXPECT_EQ(expanded.tunnel_checksum, decoded.tunnel_checksum) << what;
    EXPECT_EQ(expanded.fragment.more, decoded.fragment.more) << what;
    EXPECT_EQ(expanded.fragment.offset, decoded.fragment.offset) << what;
    EXPECT_EQ(expanded.answerable, decoded.answerable) << what;
    EXPECT_EQ(expanded.checksum_known, decoded.checksum_known) << what;
    EXPECT_EQ(expanded.l4_checksum, decoded.l4_checksum) << what;
}

/// Holds for every frame: what is read at a glance is what decoding gives.
void expect_agreement(Buffer bytes, const char* what) {
    Frame frame;
    frame.data = bytes.data();
    frame.length = static_cast<std::uint32_t>(bytes.size());
    frame.ip_checksum = ChecksumState::good;
    PlainPacket plain;
    if (!read_plain_packet(frame, plain)) return;
    Packet packet;
    Reason reason = Reason::none;
    ASSERT_EQ(decode(frame, {}, packet, reason), Decoded::transport) << what;
    EXPECT_EQ(plain.protocol, packet.protocol) << what;
    EXPECT_EQ(plain.payload.data(), packet.payload.data()) << what;
    EXPECT_EQ(plain.payload.size(), packet.payload.size()) << what;
    EXPECT_EQ(plain.transport.size(), packet.transport.size()) << what;
    EXPECT_EQ(plain.source_port, packet.endpoints.source.port) << what;
    EXPECT_EQ(plain.destination_port, packet.endpoints.destination.port) << what;
    const DirectedKey one = directed_key(plain), other = directed_key(packet);
    EXPECT_TRUE(one.key == other.key) << what;
    EXPECT_EQ(hash(plain, 5), hash(other.key, 5)) << what;
    EXPECT_EQ(one.direction, other.direction) << what;
    expect_expanded(frame, plain, packet, what);
}

TEST(PlainPacket, IsReadOrLeftToDecoding) {
    for (Form& form : forms()) {
        Frame frame;
        frame.data = form.bytes.data();
        frame.length = static_cast<std::uint32_t>(form.bytes.size());
        PlainPacket packet;
        EXPECT_EQ(read_plain_packet(frame, packet), form.plain) << form.name;
        expect_agreement(form.bytes, form.name);
    }
}

TEST(PlainPacket, AgreesWithDecodingOnCutFrames) {
    for (const Form& form : forms())
        for (std::size_t length = 0; length < form.bytes.size(); ++length)
            expect_agreement(Buffer(form.bytes.begin(), form.bytes.begin() + static_cast<std::ptrdiff_t>(length)),
                             form.name);
}

TEST(PlainPacket, AgreesWithDecodingOnDamagedFrames) {
    std::mt19937 random(1);
    for (const Form& form : forms()) {
        for (int round = 0; round < 20000; ++round) {
            Buffer bytes = form.bytes;
            for (int changes = 0; changes < 3; ++changes)
                bytes[random() % std::min<std::size_t>(bytes.size(), 62)] = static_cast<std::byte>(random());
            expect_agreement(bytes, form.name);
        }
    }
}

TEST(PlainPacket, AWrongHeaderChecksumIsLeftToDecoding) {
    for (const ChecksumState state : {ChecksumState::unknown, ChecksumState::bad}) {
        Buffer bytes = ethernet(ipv4({}, tcp({}, {})));
        if (state == ChecksumState::unknown) bytes[14 + 8] ^= std::byte{1};  // time to live
        Frame frame;
        frame.data = bytes.data();
        frame.length = static_cast<std::uint32_t>(bytes.size());
        PlainPacket plain;
        Packet packet;
        ASSERT_TRUE(read_plain_packet(frame, plain));
        EXPECT_TRUE(expand_plain_packet(frame, plain, packet) == (state == ChecksumState::bad));
        frame.ip_checksum = state;
        EXPECT_FALSE(expand_plain_packet(frame, plain, packet));
    }
}

}  // namespace
}  // namespace sluis
