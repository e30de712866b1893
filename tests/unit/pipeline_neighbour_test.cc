// One host floods, from one address of its IPv6 /64 or IPv4 network or from as many as it likes; a quiet one is served.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/flow/source_budget.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

constexpr const char* kForbidden = "www.tiktok.com";
constexpr const char* kAllowed = "www.example.org";
constexpr std::size_t kCut = 60;
constexpr int kFrames = 400;

/// One host: its address in the /64, and the station that its frames come from.
struct Host {
    int number = 1;
    int station = 1;
    std::string address() const { return "2001:db8:1::" + std::to_string(number); }
};
constexpr const char* kServer = "2001:db8:2::20";

/// How the flooder numbers the hosts that it pretends to be.
struct Flooder {
    const char* name;
    bool rotates;        ///< another address for each frame
    bool behind_router;  ///< all hosts of the /64 have one station
    Host host(int frame) const { return {rotates ? 100 + frame : 66, behind_router ? 1 : 66}; }
    Host neighbour() const { return {10, behind_router ? 1 : 10}; }
};
constexpr Flooder kFlooders[] = {
    {"one address", false, false}, {"one station, many addresses", true, false}, {"one address of many", false, true}};

Buffer frame(const Host& host, int protocol, const Buffer& transport, bool to_client = false) {
    Buffer bytes = ethernet(ipv6({.source = to_client ? kServer : host.address(),
                                  .destination = to_client ? host.address() : kServer,
                                  .protocol = protocol},
                                 transport),
                            kEtherIpv6, to_client);
    if (!to_client) bytes[11] = static_cast<std::byte>(host.station);
    return bytes;
}
Buffer tcp_frame(const Host& host, int port, std::uint32_t seq, int flags, const Buffer& payload, int source = 50000) {
    return frame(
        host, kProtocolTcp,
        tcp({.source = source, .destination = port, .seq = seq, .ack = flags & kTcpAck ? 5001u : 0, .flags = flags},
            payload));
}
Buffer quic_frame(const Host& host, int number, const Buffer& crypto) {
    const Buffer id = buffer("id-") + big_endian(number, 5);
    return frame(host, kProtocolUdp,
                 udp(1000 + number, 443, quic_initial(crypto_frame(0, crypto), {.destination = id})));
}
/// A DNS query's datagram in two fragments.
std::pair<Buffer, Buffer> fragments(const Host& host, std::uint32_t id, const std::string& name) {
    const Buffer addresses = address6(host.address()) + address6(kServer);
    const Buffer whole =
        with_checksum(udp(5000, 53, buffer(dns_query_text("a.rather.long.name." + name))), kProtocolUdp, addresses);
    const auto piece = [&](std::size_t from, std::size_t to, bool more) {
        Buffer bytes = ethernet(ipv6({.source = host.address(),
                                      .protocol = 0xff,
                                      .extensions = fragment_header(kProtocolUdp, static_cast<int>(from), more, id),
                                      .first = 44},
                                     slice(whole, from, to - from)),
                                kEtherIpv6);
        bytes[11] = static_cast<std::byte>(host.station);
        return bytes;
    };
    return {piece(0, 24, true), piece(24, whole.size(), false)};
}

const Buffer kPreface = buffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + buffer({0, 0, 0, 4, 0, 0, 0, 0, 0});
/// A HEADERS frame with END_HEADERS, and an `:authority` as a literal without indexing (RFC 7541, section 6.2.2).
Buffer h2_request(std::string_view name) {
    const Buffer block = buffer({0x82, 0x86, 0x84, 0x01}) + prefixed(1, buffer(name));
    return big_endian(block.size(), 3) + buffer({1, 5, 0, 0, 0, 1}) + block;
}

/// What a host floods with: the frame of a number.
struct Flood {
    const char* name;
    Buffer (*frame)(const Host& host, int number);
};
const Flood kFloods[] = {
    {"SYN", [](const Host& host, int i) { return tcp_frame(host, 443, 1000, kTcpSyn, {}, 1000 + i); }},
    {"half hello",
     [](const Host& host, int i) {
         return tcp_frame(host, 443, 1000, kTcpAck, slice(tls_hello(kForbidden), 0, kCut), 1000 + i);
     }},
    {"whole hello",
     [](const Host& host, int i) { return tcp_frame(host, 443, 1000, kTcpAck, tls_hello(kAllowed), 1000 + i); }},
    {"half request",
     [](const Host& host, int i) {
         return tcp_frame(host, 80, 1000, kTcpAck, buffer("GET / HTTP/1.1\r\nHost: w"), 1000 + i);
     }},
    {"half message",
     [](const Host& host, int i) {
         return tcp_frame(host, 53, 1000, kTcpAck, slice(prefixed(2, buffer(dns_query_text(kForbidden))), 0, 20),
                          1000 + i);
     }},
    {"h2c", [](const Host& host,
               int i) { return tcp_frame(host, 80, 1000, kTcpAck, kPreface + h2_request(kAllowed), 1000 + i); }},
    {"half Initial", [](const Host& host, int i) { return quic_frame(host, i, slice(hello(kForbidden), 0, 40)); }},
    {"large Initial",
     [](const Host& host, int i) {
         const Buffer late = crypto_frame(3000, Buffer(100, std::byte{7}));
         const Buffer id = buffer("id-") + big_endian(i, 5);
         return frame(host, kProtocolUdp, udp(1000 + i, 443, quic_initial(late, {.destination = id})));
     }},
    {"fragment",
     [](const Host& host, int i) { return fragments(host, 7000 + static_cast<std::uint32_t>(i), kForbidden).first; }},
};

Limits few() {
    Limits limits = PipelineHarness::small_limits();
    limits.flows_per_source = 64;
    limits.stream_bytes_per_source = 32 * 2048;
    limits.quic_connections_per_source = 32;
    limits.quic_large_hellos = 64;
    limits.quic_large_hellos_per_source = 16;
    limits.http2_connections_per_source = 16;
    limits.datagrams_per_source = 32;
    limits.fragments_per_datagram = 16;
    limits.fragments_per_source = 64;
    return limits;
}

void expect_tls(PipelineHarness& harness, const Host& host, int port, const char* name, bool halves) {
    const Buffer hello = tls_hello(name);
    EXPECT_TRUE(passed(harness.from_client(tcp_frame(host, 443, 1000, kTcpSyn, {}, port))));
    const Buffer syn_ack =
        tcp({.source = 443, .destination = port, .seq = 5000, .ack = 1001, .flags = kTcpSyn | kTcpAck});
    EXPECT_TRUE(passed(harness.from_server(frame(host, kProtocolTcp, syn_ack, true))));
    const std::size_t first = halves ? kCut : 0;
    if (halves)
        EXPECT_TRUE(passed(harness.from_client(tcp_frame(host, 443, 1001, kTcpAck, slice(hello, 0, kCut), port))));
    const std::uint32_t seq = 1001 + static_cast<std::uint32_t>(first);
    const auto sent = harness.from_client(tcp_frame(host, 443, seq, kTcpAck, slice(hello, first), port));
    EXPECT_EQ(refused(sent), name == kForbidden);
    const Buffer answer =
        tcp({.source = 443, .destination = port, .seq = 5001, .ack = 1001 + static_cast<std::uint32_t>(hello.size())},
            tls_server_hello());
    harness.from_server(frame(host, kProtocolTcp, answer, true));
}

/// What a quiet host sees of a flood, by every protocol.
void expect_service(PipelineHarness& harness, const Host& host, int round) {
    const auto send = [&](const Buffer& bytes) { return harness.from_client(bytes); };
    for (const char* name : {kAllowed, kForbidden}) {
        const bool forbidden = name == kForbidden;
        const int number = 20000 + 10 * round + (forbidden ? 5 : 0);
        expect_tls(harness, host, number, name, false);
        expect_tls(harness, host, number + 1, name, true);
        EXPECT_EQ(refused(send(quic_frame(host, number, hello(name)))), forbidden) << "QUIC";
        const Buffer late = kPreface + h2_request(name);
        EXPECT_EQ(refused(send(tcp_frame(host, 80, 1000, kTcpAck, late, number + 2))), forbidden) << "h2c";
        const Buffer message = prefixed(2, buffer(dns_query_text(name)));
        EXPECT_EQ(refused(send(tcp_frame(host, 53, 1000, kTcpAck, message, number + 3))), forbidden) << "DNS";
        const auto [first, last] = fragments(host, static_cast<std::uint32_t>(number), name);
        EXPECT_EQ(send(first).size(), 0u);
        EXPECT_EQ(refused(send(last)), forbidden) << "fragments";
    }
}

void expect_within(const PipelineHarness& harness, const Limits& limits) {
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    EXPECT_LE(harness.counters.flows, limits.flows_per_source + limits.blocked_flows_per_source);
    EXPECT_LE(harness.counters.held_frames, limits.fragments_per_source);
}

TEST(PipelineNeighbour, IsServedWhateverOneHostFloodsWith) {
    for (const Flooder& flooder : kFlooders)
        for (const Flood& flood : kFloods) {
            SCOPED_TRACE(std::string(flood.name) + " from " + flooder.name);
            PipelineHarness harness(few());
            for (int i = 0; i < kFrames; ++i) {
                harness.from_client(flood.frame(flooder.host(i), i));
                if (i % 200 == 199) expect_service(harness, flooder.neighbour(), i / 200);
            }
            EXPECT_GT(harness.drops(Reason::source_limit) + harness.drops(Reason::fragment_limit), 0u) << "no flood";
            expect_within(harness, few());
            harness.check();
        }
}

Buffer ipv4_frame(const std::string& address, int station, const TcpFields& fields, const Buffer& payload = {}) {
    Buffer bytes = ethernet(ipv4({.source = address, .destination = "198.51.100.20"}, tcp(fields, payload)));
    bytes[11] = static_cast<std::byte>(station);
    return bytes;
}
Buffer ipv4_syn(const std::string& address, int station, int port) {
    return ipv4_frame(address, station, {.source = port, .destination = 443, .seq = 1000, .flags = kTcpSyn});
}

TEST(PipelineNeighbour, IsServedWhileAnotherForgesItsIpv4Address) {
    PipelineHarness harness(few());
    for (int i = 0; i < kFrames; ++i) harness.from_client(ipv4_syn("192.0.2.10", 66, 1000 + i));
    EXPECT_EQ(harness.counters.flows, few().flows_per_source);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(passed(harness.from_client(ipv4_syn("192.0.2.10", 10, 50000 + i)))) << i;
}

/// All within a moment, so that no flow is quiet enough to make room.
TEST(PipelineNeighbour, IsReadWhileAStationFloodsFromManyIpv4Addresses) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Limits limits = few();
        limits.exhausted = policy;
        limits.flows = 256;
        PipelineHarness harness(limits);
        for (int i = 0; i < kFrames; ++i) {
            harness.now -= 1'000'000;
            harness.from_client(ipv4_syn("192.0.2." + std::to_string(100 + i % 40), 66, 1000 + i));
        }
        EXPECT_EQ(harness.counters.flows, limits.flows / SourceBudget::kTablePart);
        for (const char* name : {kForbidden, kAllowed}) {
            const TcpFields fields{
                .source = 50000 + (name == kAllowed), .destination = 443, .seq = 1001, .ack = 5001, .flags = kTcpAck};
            EXPECT_TRUE(passed(harness.from_client(ipv4_syn("192.0.2.10", 10, fields.source))));
            const auto sent = harness.from_client(ipv4_frame("192.0.2.10", 10, fields, tls_hello(name)));
            EXPECT_EQ(refused(sent), name == kForbidden);
        }
        EXPECT_TRUE(harness.blocked(kForbidden));
        EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    }
}

/// Behind a router inside: all have its station.
struct BehindARouter : testing::Test {
    static constexpr int kRouter = 66;
    static Limits limits() {
        Limits limits = few();
        limits.flows = 256;
        return limits;
    }
    void flood(int flags, const Buffer& payload = {}) {
        for (int i = 0; i < kFrames; ++i) {
            const std::string address = "192.0.2." + std::to_string(100 + i % 40);
            harness.from_client(
                ipv4_frame(address, kRouter,
                           {.source = 1000 + i, .destination = 443, .seq = 1000, .ack = 77, .flags = flags}, payload));
        }
        EXPECT_EQ(harness.counters.flows, limits().flows / SourceBudget::kTablePart);
    }
    bool neighbour_sends(int port, std::uint32_t seq, int flags, const Buffer& payload = {}) {
        const TcpFields fields{.source = port, .destination = 443, .seq = seq, .ack = 5001, .flags = flags};
        return passed(harness.from_client(ipv4_frame("192.0.2.10", kRouter, fields, payload)));
    }
    void neighbour_is_answered(int port) {
        const Ipv4Fields ends{.source = "198.51.100.20", .destination = "192.0.2.10"};
        const TcpFields fields{
            .source = 443, .destination = port, .seq = 5000, .ack = 1001, .flags = kTcpSyn | kTcpAck};
        EXPECT_TRUE(passed(harness.from_server(ethernet(ipv4(ends, tcp(fields)), kEtherIpv4, true))));
    }
    PipelineHarness harness{limits()};
};

TEST_F(BehindARouter, ForgedSynsDenyNeighboursNothing) {
    EXPECT_TRUE(neighbour_sends(49000, 1000, kTcpSyn));
    neighbour_is_answered(49000);
    EXPECT_TRUE(neighbour_sends(49000, 1001, kTcpAck, slice(tls_hello(kForbidden), 0, kCut)));
    flood(kTcpSyn);
    EXPECT_EQ(harness.drops(Reason::source_limit), 0u);
    EXPECT_GT(harness.counters.flows_evicted, 0u);
    EXPECT_FALSE(neighbour_sends(49000, 1001 + kCut, kTcpAck, slice(tls_hello(kForbidden), kCut))) << "begun before";
    for (const char* name : {kForbidden, kAllowed}) {
        const int port = 50000 + (name == kAllowed);
        EXPECT_TRUE(neighbour_sends(port, 1000, kTcpSyn));
        neighbour_is_answered(port);
        EXPECT_EQ(neighbour_sends(port, 1001, kTcpAck, tls_hello(name)), name == kAllowed);
    }
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

/// A flow that has shown two ends stays, however long it is quiet; the flood has the rest of the router's part.
TEST_F(BehindARouter, WhoIsAnsweredKeepsHisFlow) {
    for (int port = 49000; port < 49050; ++port) {
        EXPECT_TRUE(neighbour_sends(port, 1000, kTcpSyn));
        neighbour_is_answered(port);
        EXPECT_TRUE(neighbour_sends(port, 1001, kTcpAck));
    }
    const std::uint64_t before = harness.counters.flows_inserted;
    flood(kTcpSyn);
    const std::uint64_t others = limits().flows / SourceBudget::kTablePart - 50;
    EXPECT_EQ(harness.counters.flows_evicted, harness.counters.flows_inserted - before - others);
    constexpr std::uint32_t kFar = 1u << 30;  // only of a flow that is known it is told that this is not its window's
    for (int port = 49000; port < 49050; ++port)
        EXPECT_FALSE(neighbour_sends(port, 1001 + kFar, kTcpAck, Buffer(10))) << port;
    EXPECT_EQ(harness.drops(Reason::tcp_window), 50u);
}

/// An open hello is not forgotten for anybody: its rest could pass.
TEST_F(BehindARouter, OpenHellosMakeNoRoom) {
    flood(kTcpAck, slice(tls_hello(kForbidden), 0, kCut));
    EXPECT_FALSE(neighbour_sends(50000, 1000, kTcpSyn));
    EXPECT_GT(harness.drops(Reason::source_limit), 0u);
    EXPECT_EQ(harness.counters.flows_evicted, 0u);
}

}  // namespace
}  // namespace sluis::test
