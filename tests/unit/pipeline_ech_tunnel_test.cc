// ECH configurations are taken out of DNS answers in tunnels, and every receiver on the way finds the checksums that it
// looks at right: a checksum that is in use is mended, and one that is not stays 0.
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

const std::string kConfig = "\0\x2a\xfe\x0d"s + std::string(40, 'e'), kHint = "\0\6\0\x10"s + std::string(16, '6');
const std::string kEch = "\0\5"s + kConfig, kHidden = "\xff\0"s + kConfig;

Buffer answer(const std::string& params) {
    return buffer(dns_header_text(0x8180, 1, 1) + dns_question_text(wire_name("www.example.org"), 65) +
                  dns_record_text(pointer_to(12), 65, "\0\1\0"s + params));
}
Buffer datagram(bool v6, bool changed, bool checksum) {
    const Buffer bytes = udp(53, 5000, changed ? answer(kHint + kHidden) : answer(kEch + kHint));
    const Buffer addresses = v6 ? address6("2001:db8:2::20") + address6("2001:db8:1::10")
                                : address4("198.51.100.20") + address4("192.0.2.10");
    return checksum ? with_checksum(bytes, kProtocolUdp, addresses) : bytes;
}

/// How a packet is put into another's: with a checksum, or 0 in the place of one.
struct Tunnel {
    const char* what;
    int protocol;
    Buffer (*wrap)(const Buffer& packet, int type);
    bool checksum;
};
Buffer in_vxlan(const Buffer& packet, int type) { return udp(40000, 4789, vxlan(ethernet(packet, type, true))); }
Buffer in_geneve(const Buffer& packet, int type) { return udp(40000, 6081, geneve(packet, type)); }
/// With the IP header at an odd place: RFC 1661, section 6.5.
Buffer in_vxlan_over_ppp(const Buffer& packet, int type) {
    const Buffer ppp =
        buffer({0x11, 0, 0, 7}) + big_endian(packet.size() + 1, 2) + buffer({type == kEtherIpv4 ? 0x21 : 0x57});
    return udp(40000, 4789, vxlan(ethernet(ppp + packet, kEtherPppoe, true)));
}
Buffer in_gre(const Buffer& packet, int type) { return gre(packet, type); }
Buffer in_summed_gre(const Buffer& packet, int type) {
    Buffer bytes = gre(packet, type, 0xa000);
    put16(bytes, 4, 0);
    put16(bytes, 6, 0);
    put16(bytes, 4, plain_checksum(bytes));
    return bytes;
}
const std::vector<Tunnel> kTunnels{
    {"VXLAN", kProtocolUdp, in_vxlan, true},   {"VXLAN without checksum", kProtocolUdp, in_vxlan, false},
    {"GENEVE", kProtocolUdp, in_geneve, true}, {"VXLAN over PPP", kProtocolUdp, in_vxlan_over_ppp, true},
    {"GRE", kProtocolGre, in_gre, false},      {"GRE with checksum", kProtocolGre, in_summed_gre, true},
};

Buffer in_ip(bool v6, const Buffer& payload, int protocol, bool checksum) {
    if (!v6)
        return ipv4({.source = "198.51.100.20", .destination = "192.0.2.10", .protocol = protocol, .whole = checksum},
                    payload);
    Buffer bytes = ipv6({.source = "2001:db8:2::20", .destination = "2001:db8:1::10", .protocol = protocol}, payload);
    if (!checksum && protocol == kProtocolUdp) put16(bytes, 40 + 6, 0);  // RFC 6935
    return bytes;
}
Buffer in_tunnel(const Tunnel& tunnel, bool outer6, const Buffer& packet, bool v6) {
    return in_ip(outer6, tunnel.wrap(packet, v6 ? kEtherIpv6 : kEtherIpv4), tunnel.protocol, tunnel.checksum);
}
Buffer framed(const Buffer& packet, bool v6) { return ethernet(packet, v6 ? kEtherIpv6 : kEtherIpv4, true); }

/// No datagram over IPv6 without a checksum is read (RFC 8200, section 8.1).
bool is_read(bool v6, bool checksum) { return checksum || !v6; }

TEST(PipelineEchTunnel, EveryChecksumStaysRightOrUnused) {
    for (const Tunnel& tunnel : kTunnels)
        for (const bool outer6 : {false, true})
            for (const bool v6 : {false, true})
                for (const bool checksum : {false, true}) {
                    SCOPED_TRACE(tunnel.what);
                    const auto frame = [&](bool changed) {
                        const Buffer packet = in_ip(v6, datagram(v6, changed, checksum), kProtocolUdp, checksum);
                        return framed(in_tunnel(tunnel, outer6, packet, v6), outer6);
                    };
                    PipelineHarness harness;
                    harness.io.rewrites = true;
                    const auto sent = harness.from_server(frame(false));
                    ASSERT_EQ(sent.size(), is_read(v6, checksum) ? 1u : 0u);
                    if (!sent.empty()) EXPECT_EQ(sent[0].bytes, frame(true)) << outer6 << v6 << checksum;
                    EXPECT_EQ(harness.errors(Reason::ech_stripped), sent.size());
                }
}

TEST(PipelineEchTunnel, TheInnermostChecksumInUseIsMended) {
    for (const Tunnel& outer : kTunnels)
        for (const Tunnel& inner : kTunnels)
            for (const bool checksum : {false, true}) {
                SCOPED_TRACE(outer.what + " around "s + inner.what);
                const auto frame = [&](bool changed) {
                    const Buffer packet = in_ip(false, datagram(false, changed, checksum), kProtocolUdp, checksum);
                    return framed(in_tunnel(outer, false, in_tunnel(inner, false, packet, false), false), false);
                };
                PipelineHarness harness;
                harness.io.rewrites = true;
                const auto sent = harness.from_server(frame(false));
                ASSERT_EQ(sent.size(), 1u);
                EXPECT_EQ(sent[0].bytes, frame(true));
            }
}

Buffer fragment(const Buffer& whole, std::size_t from, std::size_t count, int protocol) {
    return ipv4({.source = "198.51.100.20",
                 .destination = "192.0.2.10",
                 .protocol = protocol,
                 .offset = static_cast<int>(from),
                 .more = from + count < whole.size(),
                 .whole = false},
                slice(whole, from, count));
}

/// Cuts `whole` and `expected` alike, sends the first one's parts, and wants the other's.
template <typename Frame>
void expect_in_fragments(const Buffer& whole, const Buffer& expected, Frame&& frame) {
    for (std::size_t size = 16; size < whole.size(); size += 8) {
        SCOPED_TRACE(size);
        std::vector<std::pair<Side, Buffer>> burst;
        for (std::size_t at = 0; at < whole.size(); at += size)
            burst.push_back({Side::outside, frame(whole, at, size)});
        PipelineHarness harness;
        harness.io.rewrites = true;
        const auto sent = harness.send_burst(burst);
        ASSERT_EQ(sent.size(), burst.size());
        for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i].bytes, frame(expected, i * size, size)) << i;
        EXPECT_EQ(harness.errors(Reason::ech_stripped), 1u);
    }
}

/// Each tunnelled fragment has its own outer checksum, and bytes move from one fragment into another.
TEST(PipelineEchTunnel, FragmentsInATunnel) {
    for (const Tunnel& tunnel : kTunnels)
        for (const bool checksum : {false, true}) {
            SCOPED_TRACE(tunnel.what);
            expect_in_fragments(datagram(false, false, checksum), datagram(false, true, checksum),
                                [&](const Buffer& whole, std::size_t at, std::size_t size) {
                                    const Buffer part = fragment(whole, at, size, kProtocolUdp);
                                    return framed(in_tunnel(tunnel, false, part, false), false);
                                });
        }
}

TEST(PipelineEchTunnel, ATunnelInFragments) {
    for (const Tunnel& tunnel : kTunnels)
        for (const bool checksum : {false, true}) {
            SCOPED_TRACE(tunnel.what);
            const auto whole = [&](bool changed) {
                const Buffer packet = in_ip(false, datagram(false, changed, checksum), kProtocolUdp, checksum);
                return slice(in_tunnel(tunnel, false, packet, false), 20);
            };
            expect_in_fragments(whole(false), whole(true), [&](const Buffer& all, std::size_t at, std::size_t size) {
                return framed(fragment(all, at, size, tunnel.protocol), false);
            });
        }
}

}  // namespace
}  // namespace sluis::test
