// QUIC through the whole pipeline: connections by their IDs, hellos in pieces, decoys, Retry and version 2.
#include <algorithm>

#include "tests/unit/quic_client.h"
#include "tests/unit/quic_sample.h"

namespace sluis::test {
namespace {

constexpr const char* kName = "www.tiktok.com";

bool sends(PipelineHarness& harness, const Buffer& payload, int port = 443) {
    return passed(harness.from_client(quic_datagram(payload, false, port)));
}
bool answers(PipelineHarness& harness, const Buffer& payload) {
    return passed(harness.from_server(quic_datagram(payload, true)));
}

TEST(PipelineQuic, AHelloIsAllowedOrRefusedInEveryVersionOnAnyPort) {
    for (const std::uint32_t version : {kQuicVersion1, kQuicVersion2, kQuicDraft29})
        for (const int port : {443, 8443, 4789, 53}) {
            PipelineHarness harness;
            const QuicFields fields{.version = version};
            EXPECT_TRUE(sends(harness, quic_hello("www.example.org", fields), port)) << port;
            EXPECT_TRUE(harness.allowed("www.example.org")) << port;
            PipelineHarness other;
            const auto sent = other.from_client(quic_datagram(quic_hello(kName, fields), false, port));
            EXPECT_TRUE(other.blocked(kName)) << port;
            ASSERT_EQ(sent.size(), 1u) << port;
            EXPECT_TRUE(sent[0].injected);
            EXPECT_EQ(sent[0].egress, Side::inside);
        }
}

TEST(PipelineQuic, TheClientUnderstandsTheRefusal) {
    PipelineHarness harness;
    const QuicFields client;
    const auto sent = harness.from_client(quic_datagram(quic_hello(kName)));
    ASSERT_EQ(sent.size(), 1u);
    const auto header = parse_quic_long_header(Bytes(sent[0].bytes).subspan(42));
    ASSERT_TRUE(header);
    EXPECT_EQ(buffer(header->destination), client.source);
    const auto keys = derive_quic_initial_keys(kQuicVersion1, client.destination, QuicSender::server);
    Buffer scratch(2000);
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->frames[0], std::byte{0x1c});
    EXPECT_EQ(payload->frames[1], std::byte{0x02});
}

/// RFC 9000, section 7.2: a client takes no other Source Connection ID than that of the server's first Initial, though
/// what it sent before goes to the ID of its own choice.
TEST(PipelineQuic, TheRefusalComesInTheNameOfAServerThatHasSpoken) {
    const Buffer message = hello(kName), acknowledgment = buffer({2, 0, 0, 0, 0});
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(0, slice(message, 0, 40)))));
    QuicFields server{.destination = QuicFields{}.source,
                      .source = buffer("server"),
                      .keys_from = QuicFields{}.destination,
                      .sender = QuicSender::server};
    EXPECT_TRUE(answers(harness, quic_initial(acknowledgment, server)));
    server.source = buffer("another");
    EXPECT_TRUE(answers(harness, quic_initial(acknowledgment, server)));
    const auto sent =
        harness.from_client(quic_datagram(quic_initial(crypto_frame(40, slice(message, 40)), {.number = 1})));
    ASSERT_EQ(sent.size(), 1u);
    const auto header = parse_quic_long_header(Bytes(sent[0].bytes).subspan(42));
    ASSERT_TRUE(header);
    EXPECT_EQ(buffer(header->source), buffer("server"));
}

TEST(PipelineQuic, CutInTwoDatagramsAtEveryByte) {
    const Buffer message = hello(kName);
    for (const bool in_order : {true, false})
        for (std::size_t cut = 1; cut < message.size(); cut += 3) {
            PipelineHarness harness;
            Buffer first = quic_initial(crypto_frame(0, slice(message, 0, cut)));
            Buffer second = quic_initial(crypto_frame(cut, slice(message, cut)), {.number = 1});
            if (!in_order) std::swap(first, second);
            ASSERT_TRUE(sends(harness, first)) << cut;
            ASSERT_FALSE(sends(harness, second)) << cut;
            ASSERT_TRUE(harness.blocked(kName)) << cut;
        }
}

TEST(PipelineQuic, ManyFramesInAnyOrderWithPingsAndPadding) {
    const Buffer message = hello(kName);
    std::vector<Buffer> pieces;
    for (std::size_t at = 0; at < message.size(); at += 7)
        pieces.push_back(crypto_frame(at, slice(message, at, 7)) + buffer({1, 0, 0, 2, 0, 0, 0, 0}));
    std::reverse(pieces.begin(), pieces.end());
    Buffer frames = crypto_frame(90000, {});  // empty, far away
    for (const Buffer& piece : pieces) frames = frames + piece;
    PipelineHarness harness;
    EXPECT_FALSE(sends(harness, quic_initial(frames)));
    EXPECT_TRUE(harness.blocked(kName));
}

TEST(PipelineQuic, ARetransmissionPassesAndAConflictDoesNot) {
    const Buffer message = hello("www.example.org");
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(0, slice(message, 0, 60)))));
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(30, slice(message, 30)), {.number = 1})));
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(0, message), {.number = 2})));
    Buffer other = message;
    other[50] ^= std::byte{1};
    EXPECT_FALSE(sends(harness, quic_initial(crypto_frame(0, other), {.number = 3})));
    EXPECT_EQ(harness.drops(Reason::crypto_conflict), 1u);
    EXPECT_FALSE(sends(harness, quic_initial(crypto_frame(0, message), {.number = 4}))) << "the connection is over";
}

TEST(PipelineQuic, DecoysOfOtherConnectionsChangeNothing) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, Buffer(64)));
    EXPECT_TRUE(sends(harness, quic_hello("www.example.org", {.destination = buffer("decoy-01")})));
    EXPECT_FALSE(sends(harness, quic_hello("www.example.org", {.destination = buffer("decoy-02"), .size = 800})));
    EXPECT_EQ(harness.drops(Reason::quic_short_datagram), 1u);
    Buffer unopened = quic_hello("www.example.org", {.destination = buffer("decoy-03")});
    unopened.back() ^= std::byte{1};
    EXPECT_FALSE(sends(harness, unopened));
    EXPECT_EQ(harness.drops(Reason::quic_authentication), 1u);
    Buffer bad_sum = quic_datagram(quic_hello("www.example.org"));
    bad_sum[100] ^= std::byte{1};
    EXPECT_TRUE(refused(harness.from_client(bad_sum)));
    EXPECT_EQ(harness.drops(Reason::udp_checksum), 1u);
    EXPECT_FALSE(sends(harness, quic_hello(kName)));
    EXPECT_TRUE(harness.blocked(kName));
}

TEST(PipelineQuic, AFrameThatNoInitialHoldsTeachesNothing) {
    PipelineHarness harness;
    EXPECT_FALSE(sends(harness, quic_initial(crypto_frame(0, hello("www.example.org")) + buffer({0x08, 0, 0}))));
    EXPECT_EQ(harness.drops(Reason::quic_frame), 1u);
    EXPECT_FALSE(sends(harness, quic_hello(kName)));
    EXPECT_TRUE(harness.blocked(kName));
}

TEST(PipelineQuic, TheInitialIsFoundWhereverItStands) {
    for (const int junk : {1, 4, 7, 8, 9, 20}) {
        Buffer datagram;
        for (int i = 0; i < junk; ++i) datagram = datagram + quic_zero_rtt();
        PipelineHarness harness;
        EXPECT_FALSE(sends(harness, datagram + quic_hello(kName))) << junk;
    }
}

TEST(PipelineQuic, AServersHelloSettles) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_hello("www.example.org")));
    EXPECT_TRUE(answers(harness, quic_server_hello()));
    EXPECT_EQ(harness.counters.flows_settled, 1u);
    // The client goes on with the server's connection ID and its old keys.
    const QuicFields later{.destination = buffer("server"), .keys_from = QuicFields{}.destination, .number = 3};
    EXPECT_TRUE(sends(harness, quic_initial(buffer({2, 0, 0, 0, 0}), later)));
}

TEST(PipelineQuic, TheFixedBitMayBeZero) {
    PipelineHarness harness;
    EXPECT_FALSE(sends(harness, quic_hello(kName, {.fixed_bit = false})));
    EXPECT_TRUE(harness.blocked(kName));
    PipelineHarness allowed;
    EXPECT_TRUE(sends(allowed, quic_hello("www.example.org", {.fixed_bit = false})));
    EXPECT_TRUE(answers(allowed, quic_server_hello({.fixed_bit = false})));
    EXPECT_EQ(allowed.counters.flows_settled, 1u);
}

// Firefox begins anywhere below 1,024, ngtcp2's servers anywhere below 2^31.
TEST(PipelineQuic, NumbersBeginAnywhereAndAreSentInPart) {
    for (const std::uint32_t first : {0u, 255u, 300u, 0x7fff'fff0u})
        for (const char* const name : {kName, "www.example.org"}) {
            const Buffer message = hello(name);
            PipelineHarness harness;
            EXPECT_TRUE(sends(
                harness, quic_initial(crypto_frame(0, slice(message, 0, 40)), {.number = first, .number_length = 4})));
            const QuicFields ack{.destination = QuicFields{}.source,
                                 .source = buffer("server"),
                                 .keys_from = QuicFields{}.destination,
                                 .sender = QuicSender::server,
                                 .number = first + 7,
                                 .number_length = 4};
            EXPECT_TRUE(answers(harness, quic_initial(buffer({2, 0, 0, 0, 0}), ack)));
            const bool allowed = name != kName;
            const Buffer rest = quic_initial(crypto_frame(40, slice(message, 40)), {.number = first + 1});
            EXPECT_EQ(sends(harness, rest), allowed) << first;
            EXPECT_EQ(harness.blocked(kName), !allowed) << first;
            if (!allowed) continue;
            EXPECT_TRUE(answers(harness, quic_server_hello({.number = first + 8})));
            EXPECT_EQ(harness.counters.flows_settled, 1u) << first;
        }
}

TEST(PipelineQuic, ThePiecesMayGoToTheServersConnectionId) {
    const Buffer message = hello(kName);
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(0, slice(message, 0, 40)))));
    const QuicFields later{.destination = buffer("server"), .keys_from = QuicFields{}.destination, .number = 3};
    EXPECT_FALSE(sends(harness, quic_initial(crypto_frame(40, slice(message, 40)), later)));
    EXPECT_TRUE(harness.blocked(kName));
}

TEST(PipelineQuic, ASettledConnectionIdMayBeUsedForAnotherHello) {
    const Buffer message = hello(kName);
    for (const bool halves : {false, true}) {
        PipelineHarness harness;
        EXPECT_TRUE(sends(harness, quic_hello("www.example.org")));
        EXPECT_TRUE(answers(harness, quic_server_hello()));
        harness.wait(3 * kSecond);
        if (!halves) {
            EXPECT_FALSE(sends(harness, quic_hello(kName)));
            continue;
        }
        const bool second = sends(harness, quic_initial(crypto_frame(40, slice(message, 40)), {.number = 1}));
        const bool first = sends(harness, quic_initial(crypto_frame(0, slice(message, 0, 40))));
        EXPECT_FALSE(first && second);
    }
}

TEST(PipelineQuic, AfterARetryTheKeysAreOthers) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_initial(crypto_frame(0, slice(hello(kName), 0, 40)))));
    Buffer retry =
        buffer({0xf0, 0, 0, 0, 1}) + prefixed(1, buffer("client")) + prefixed(1, buffer("retry-id")) + Buffer(40);
    EXPECT_TRUE(answers(harness, retry));
    EXPECT_FALSE(sends(harness, quic_hello(kName, {.destination = buffer("retry-id")})));
    EXPECT_TRUE(harness.blocked(kName));
}

TEST(PipelineQuic, ABlockedConnectionStaysBlocked) {
    PipelineHarness harness;
    EXPECT_FALSE(sends(harness, quic_hello(kName)));
    EXPECT_FALSE(sends(harness, quic_hello("www.example.org")));
    EXPECT_FALSE(answers(harness, quic_server_hello()));
    EXPECT_EQ(harness.drops(Reason::flow_blocked), 2u);
    EXPECT_TRUE(sends(harness, quic_hello("www.example.org", {.destination = buffer("another1")})));
}

TEST(PipelineQuic, UnknownVersionsAreDroppedUnderPolicyOnly) {
    Buffer unknown = quic_hello(kName);
    unknown[1] = std::byte{0x51};
    Buffer grease = quic_hello(kName);
    for (std::size_t i = 1; i < 5; ++i) grease[i] = std::byte{0x1a};
    PipelineHarness harness;
    EXPECT_FALSE(sends(harness, unknown));
    EXPECT_TRUE(sends(harness, unknown, 8443));
    EXPECT_TRUE(sends(harness, grease));
    EXPECT_EQ(harness.drops(Reason::quic_version), 1u);
}

/// No server answers a datagram under 1,200 bytes of a version that it does not know: it is something else. DNSCrypt,
/// its certificates' queries, and plain DNS come to port 443 as well, with any bits first.
TEST(PipelineQuic, SmallDatagramsOfNoVersionAreNoQuic) {
    const Buffer query = from_hex("d373 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001");
    const Buffer dnscrypt = from_hex("d31b02042ac406f3497e69") + Buffer(501);
    Buffer small = quic_hello(kName);
    small[1] = std::byte{0x61};
    small.resize(1199);
    PipelineHarness harness;
    for (const Buffer& datagram : {query, dnscrypt, small}) EXPECT_TRUE(sends(harness, datagram));
    EXPECT_EQ(harness.drops(Reason::quic_version), 0u);
}

TEST(PipelineQuic, VersionsOfGooglesAndDraftsAreKnownByTheirNumber) {
    PipelineHarness harness;
    for (const char* begin :
         {"c3 51303436 50 0011223344556677", "c3 54303531 08 0011223344556677 00", "c0 ff00001b 08 0011223344556677 00",
          "c0 faceb002 08 0011223344556677 00", "09 0011223344556677 51303433 01", "19 0011223344556677 51303339 01",
          "0d 0011223344556677 51303433 01"})
        EXPECT_FALSE(sends(harness, from_hex(begin) + Buffer(500))) << begin;
    EXPECT_EQ(harness.drops(Reason::quic_version), 7u);
    for (const char* begin : {"09 0011223344556677 51303433 01", "c0 ff00001b 08 0011223344556677 00"})
        EXPECT_TRUE(sends(harness, from_hex(begin) + Buffer(500), 8443)) << "no policy for that port";
    for (const char* begin : {"09 0011223344556677 51313a33 01", "49 0011223344556677 51303433 01", "09 00112233"})
        EXPECT_TRUE(sends(harness, from_hex(begin) + Buffer(500))) << begin;
}

TEST(PipelineQuic, AFloodIsBounded) {
    Limits limits = PipelineHarness::small_limits();
    limits.quic_connections_per_source = 8;
    PipelineHarness harness(limits);
    for (int i = 0; i < 20; ++i) {
        const QuicFields fields{.destination = buffer("flood-") + big_endian(static_cast<std::size_t>(i), 2)};
        harness.from_client(quic_datagram(quic_hello("www.example.org", fields), false, 443, 40000 + i / 2));
    }
    EXPECT_EQ(harness.counters.quic_connections, 8u);
    EXPECT_EQ(harness.drops(Reason::source_limit), 12u);
    harness.wait(35 * kSecond);
    EXPECT_EQ(harness.counters.quic_connections, 0u);
}

TEST(PipelineQuic, AClientsFrameInTheServersNameSettlesNothing) {
    const Buffer message = hello(kName);
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, quic_hello("www.example.org")));
    harness.from_client(quic_datagram(quic_server_hello(), true));
    EXPECT_EQ(harness.counters.flows_settled, 0u);
}

}  // namespace
}  // namespace sluis::test
