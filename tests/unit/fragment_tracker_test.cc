// Fragments through the pipeline: put together to look at, forwarded as they came, and never by halves.
#include <algorithm>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

const Buffer kBlockedQuery = buffer(dns_query_text("a.very.long.name.below.www.tiktok.com"));
const Buffer kAllowedQuery = buffer(dns_query_text("a.very.long.name.below.www.example.org"));

/// A piece of a datagram: bytes [from, to), and whether more follow.
struct Piece {
    std::size_t from, to;
    bool more = true;
};

class Datagram {
public:
    explicit Datagram(const Buffer& payload, bool ipv6 = false, int protocol = kProtocolUdp, int id = 77,
                      std::string source = "192.0.2.10")
        : ipv6_(ipv6), protocol_(protocol), id_(id), source_(std::move(source)) {
        const Buffer addresses = ipv6 ? address6("2001:db8:1::10") + address6("2001:db8:2::20")
                                      : address4(source_) + address4("198.51.100.20");
        whole_ =
            with_checksum(protocol == kProtocolUdp ? udp(5000, 53, payload) : tcp({.seq = 1001, .ack = 5001}, payload),
                          protocol, addresses);
    }
    std::size_t size() const { return whole_.size(); }
    Buffer piece(const Piece& part) const {
        Buffer bytes(part.to - part.from);
        for (std::size_t i = part.from; i < std::min(part.to, whole_.size()); ++i) bytes[i - part.from] = whole_[i];
        const int offset = static_cast<int>(part.from);
        if (ipv6_)
            return ethernet(
                ipv6({.protocol = 0xff, .extensions = fragment_header(protocol_, offset, part.more, 77), .first = 44},
                     bytes),
                kEtherIpv6);
        return ethernet(ipv4(
            {.source = source_, .protocol = protocol_, .id = id_, .offset = offset, .more = part.more, .whole = false},
            bytes));
    }

private:
    Buffer whole_;
    bool ipv6_;
    int protocol_, id_;
    std::string source_;
};

std::vector<Sent> send(PipelineHarness& harness, const Datagram& datagram, const std::vector<Piece>& pieces) {
    std::vector<Sent> all;
    for (const Piece& piece : pieces)
        for (Sent& sent : harness.from_client(datagram.piece(piece))) all.push_back(std::move(sent));
    return all;
}
std::vector<Piece> cut(const Datagram& datagram, std::size_t step) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < datagram.size(); at += step)
        pieces.push_back({at, std::min(at + step, datagram.size()), at + step < datagram.size()});
    return pieces;
}

TEST(Fragments, EveryOrderOfThree) {
    for (const bool ipv6 : {false, true})
        for (const bool block : {false, true}) {
            const Datagram datagram(block ? kBlockedQuery : kAllowedQuery, ipv6);
            std::vector<Piece> pieces{{0, 24}, {24, 40}, {40, datagram.size(), false}};
            std::vector<int> order{0, 1, 2};
            do {
                PipelineHarness harness;
                const std::vector<Piece> ordered{pieces[order[0]], pieces[order[1]], pieces[order[2]]};
                const auto sent = send(harness, datagram, ordered);
                if (block) {
                    ASSERT_EQ(sent.size(), 1u);
                    EXPECT_TRUE(sent[0].injected);
                    EXPECT_EQ(sent[0].egress, Side::inside);
                    continue;
                }
                ASSERT_EQ(sent.size(), 3u);
                for (int i = 0; i < 3; ++i)
                    EXPECT_EQ(sent[i].bytes, datagram.piece(ordered[i])) << "in the order of arrival";
            } while (std::next_permutation(order.begin(), order.end()));
        }
}

TEST(Fragments, OfATcpSegment) {
    const Datagram datagram(tls_hello("www.tiktok.com"), false, kProtocolTcp);
    for (const std::size_t step : {24u, 32u, 64u}) {
        PipelineHarness harness;
        EXPECT_TRUE(refused(send(harness, datagram, cut(datagram, step))));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

TEST(Fragments, WhatNoHostPutsTogetherIsDropped) {
    const Datagram datagram(kAllowedQuery);
    const std::size_t end = datagram.size();
    struct Row {
        const char* what;
        std::vector<Piece> pieces;
        Reason reason;
    };
    const std::vector<Row> rows{
        {"an overlap by one block", {{0, 32}, {24, 40}, {40, end, false}}, Reason::fragment_overlap},
        {"an overlap by one byte", {{32, 40}, {24, 33, false}}, Reason::fragment_overlap},
        {"the same range, as the end", {{24, 40}, {24, 40, false}, {0, 24}}, Reason::fragment_overlap},
        {"the end again, with more behind it", {{32, 40, false}, {32, 40}, {0, 32}}, Reason::fragment_overlap},
        {"the same beginning, longer", {{0, 24}, {0, 32}, {24, end, false}}, Reason::fragment_overlap},
        {"the same beginning, shorter", {{0, 24}, {0, 16}, {24, end, false}}, Reason::fragment_overlap},
        {"a second end, shorter", {{24, end, false}, {24, end - 1, false}, {0, 24}}, Reason::fragment_overlap},
        {"bytes beyond the end", {{24, 40, false}, {40, 48}, {0, 24}}, Reason::fragment_overlap},
        {"an end before bytes that are there", {{40, 48}, {24, 32, false}, {0, 24}}, Reason::fragment_overlap},
        {"inside of another", {{0, 40}, {8, 16}, {40, end, false}}, Reason::fragment_overlap},
        {"around another", {{24, 32}, {0, 40}, {40, end, false}}, Reason::fragment_overlap},
        {"a piece that is no multiple of eight", {{0, 23}, {24, end, false}}, Reason::fragment_malformed},
        {"an empty piece", {{0, 24}, {24, 24}, {24, end, false}}, Reason::fragment_malformed},
        {"an empty last piece", {{0, 24}, {24, 24, false}, {24, end, false}}, Reason::fragment_malformed},
        {"beyond 65,535 bytes", {{65528, 65544, false}, {0, 24}}, Reason::fragment_malformed},
    };
    for (const Row& row : rows) {
        PipelineHarness harness;
        EXPECT_TRUE(send(harness, datagram, row.pieces).empty()) << row.what;
        EXPECT_GT(harness.drops(row.reason), 0u) << row.what;
        EXPECT_EQ(harness.counters.fragments_held, 0u) << row.what;
        EXPECT_TRUE(send(harness, datagram, {{0, 24}, {24, end, false}}).empty()) << row.what << ": it stays dropped";
        harness.wait(6 * kSecond);
        EXPECT_EQ(send(harness, datagram, {{0, 24}, {24, end, false}}).size(), 2u) << row.what << ": but not for ever";
    }
}

TEST(Fragments, TheSameFragmentAgainIsNoOverlap) {
    for (const bool ipv6 : {false, true}) {
        const Datagram datagram(kAllowedQuery, ipv6), forbidden(kBlockedQuery, ipv6);
        const std::size_t end = datagram.size();
        for (const std::vector<Piece>& pieces : std::vector<std::vector<Piece>>{
                 {{0, 24}, {0, 24}, {24, end, false}},
                 {{24, end, false}, {24, end, false}, {0, 24}},
                 {{24, 40}, {0, 24}, {24, 40}, {24, 40}, {40, end, false}},
             }) {
            PipelineHarness harness;
            const std::size_t copies = pieces.size() == 3 ? 1 : 2;
            EXPECT_EQ(send(harness, datagram, pieces).size(), pieces.size() - copies);
            EXPECT_EQ(harness.drops(Reason::fragment_duplicate), copies);
            EXPECT_EQ(harness.drops(Reason::fragment_overlap), 0u);
            EXPECT_TRUE(harness.allowed("a.very.long.name.below.www.example.org"));
            PipelineHarness other;
            EXPECT_TRUE(refused(send(other, forbidden, pieces)));
            EXPECT_GE(other.drops(Reason::fragment_duplicate), 1u);
            EXPECT_TRUE(other.blocked("a.very.long.name.below.www.tiktok.com"));
        }
    }
}

TEST(Fragments, TheSameRangeWithOneOtherByteIsAnOverlap) {
    const Datagram datagram(kAllowedQuery), forbidden(kBlockedQuery);
    PipelineHarness harness;
    EXPECT_TRUE(send(harness, datagram, {{0, 24}, {24, 56}}).empty());
    EXPECT_TRUE(send(harness, forbidden, {{24, 56}}).empty());
    EXPECT_EQ(harness.drops(Reason::fragment_overlap), 3u);
    EXPECT_TRUE(send(harness, datagram, {{56, datagram.size(), false}}).empty());
}

TEST(Fragments, OfTheTwoSidesAreApart) {
    PipelineHarness harness;
    const Datagram datagram(kAllowedQuery);
    EXPECT_TRUE(harness.from_server(datagram.piece({0, 32})).empty());
    EXPECT_EQ(send(harness, datagram, {{0, 24}, {24, datagram.size(), false}}).size(), 2u)
        << "nobody outside spoils a client's datagram";
    harness.wait(6 * kSecond);
}

TEST(Fragments, ATinyFirstPieceIsDropped) {
    const Datagram hello(tls_hello("www.example.org"), false, kProtocolTcp);
    for (const std::vector<Piece>& pieces : std::vector<std::vector<Piece>>{
             {{0, 8}, {8, 64}, {64, hello.size(), false}}, {{0, 16}, {16, hello.size(), false}}, {{8, 64}, {0, 8}}}) {
        PipelineHarness harness;
        EXPECT_TRUE(send(harness, hello, pieces).empty());
        EXPECT_GT(harness.drops(Reason::fragment_tiny), 0u);
    }
}

TEST(Fragments, SixtyFourPiecesAndNotOneMore) {
    for (const std::size_t count : {64u, 65u}) {
        PipelineHarness harness;
        const Datagram datagram(kAllowedQuery + Buffer(count * 8 - 8 - kAllowedQuery.size()));
        EXPECT_EQ(send(harness, datagram, cut(datagram, 8)).size(), count == 64 ? 64u : 0u);
        EXPECT_EQ(harness.drops(Reason::fragment_limit) != 0, count == 65);
    }
}

TEST(Fragments, ExpireTogether) {
    PipelineHarness harness;
    const Datagram datagram(kAllowedQuery);
    send(harness, datagram, {{0, 24}, {24, 40}});
    EXPECT_EQ(harness.counters.held_frames, 2u);
    harness.wait(4 * kSecond);
    EXPECT_EQ(harness.counters.held_frames, 2u);
    harness.wait(2 * kSecond);
    EXPECT_EQ(harness.counters.held_frames, 0u);
    EXPECT_EQ(harness.drops(Reason::fragment_timeout), 2u);
}

TEST(Fragments, WithoutTheirRestAreDroppedAtTheEnd) {
    PipelineHarness harness;
    send(harness, Datagram(kAllowedQuery), {{0, 24}, {24, 40}});
    EXPECT_TRUE(harness.give_up_held().empty());
    EXPECT_EQ(harness.drops(Reason::fragment_timeout), 2u);
    EXPECT_EQ(harness.counters.held_frames, 0u);
    harness.wait(10 * kSecond);
}

TEST(Fragments, OneSourceDoesNotUseUpAnothers) {
    Limits limits = PipelineHarness::small_limits();
    limits.fragments_per_source = 8;
    PipelineHarness harness(limits);
    for (int id = 0; id < 9; ++id) harness.from_client(Datagram(kAllowedQuery, false, 17, id).piece({0, 24}));
    EXPECT_EQ(harness.counters.fragments_held, 8u);
    EXPECT_EQ(harness.drops(Reason::fragment_limit), 1u);
    const Datagram other(kAllowedQuery, false, 17, 1, "192.0.2.11");
    EXPECT_EQ(send(harness, other, cut(other, 24)).size(), cut(other, 24).size());
    harness.wait(6 * kSecond);
    const Datagram again(kAllowedQuery);
    EXPECT_EQ(send(harness, again, {{0, 24}, {24, again.size(), false}}).size(), 2u) << "shares came back";
}

TEST(Fragments, AFloodOfOneSourceOpensNothing) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed})
        for (const std::size_t end : {24u, 32u}) {  // beginnings alone, and overlaps, which leave refused datagrams
            Limits limits = PipelineHarness::small_limits();
            limits.exhausted = policy;
            limits.datagrams_per_source = limits.fragments_per_source = 16;
            PipelineHarness harness(limits);
            for (int id = 0; id < 200; ++id)
                send(harness, Datagram(kBlockedQuery, false, 17, 1000 + id), {{0, 24}, {16, end}});
            EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
            EXPECT_LE(harness.counters.fragments_held, 16u);
            const Datagram own(kBlockedQuery, false, 17, 7);
            EXPECT_TRUE(send(harness, own, cut(own, 24)).empty()) << "the flood's source has spent its share";
            const Datagram forbidden(kBlockedQuery, false, 17, 1, "192.0.2.11");
            EXPECT_TRUE(refused(send(harness, forbidden, cut(forbidden, 24))));
            EXPECT_TRUE(harness.blocked("a.very.long.name.below.www.tiktok.com"));
            const Datagram allowed(kAllowedQuery, false, 17, 2, "192.0.2.11");
            EXPECT_EQ(send(harness, allowed, cut(allowed, 24)).size(), cut(allowed, 24).size());
            harness.check();
            harness.wait(6 * kSecond);
            EXPECT_EQ(harness.counters.fragments_held, 0u);
            EXPECT_TRUE(refused(send(harness, own, cut(own, 24)))) << "shares come back";
        }
}

TEST(Fragments, ExhaustionOpensOrCloses) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Limits limits = PipelineHarness::small_limits();
        limits.fragments = 4;
        limits.exhausted = policy;
        PipelineHarness harness(limits);
        for (int id = 0; id < 6; ++id) harness.from_client(Datagram(kAllowedQuery, false, 17, id).piece({0, 24}));
        EXPECT_EQ(harness.errors(Reason::overload_pass), policy == FailPolicy::open ? 2u : 0u);
        EXPECT_EQ(harness.drops(Reason::fragment_limit), policy == FailPolicy::open ? 0u : 2u);
        EXPECT_EQ(harness.counters.fragments_held, 4u);
    }
}

TEST(Fragments, WhatWasRefusedStaysSoWhenAllIsExhausted) {
    Limits limits = PipelineHarness::small_limits();
    limits.fragments = 4;
    PipelineHarness harness(limits);
    const Datagram datagram(kAllowedQuery);
    send(harness, datagram, {{0, 24}, {16, 40}});
    for (int id = 0; id < 5; ++id) harness.from_client(Datagram(kAllowedQuery, false, 17, id).piece({0, 24}));
    EXPECT_TRUE(send(harness, datagram, {{24, datagram.size(), false}}).empty());
}

TEST(Fragments, ASlowFloodOfManySourcesOpensNothing) {
    for (const bool overlap : {false, true})  // beginnings alone, and overlaps, which leave refused datagrams
        for (const bool by_frames : {false, true}) {
            Limits limits = PipelineHarness::small_limits();
            (by_frames ? limits.fragments : limits.datagrams) = 16;
            PipelineHarness harness(limits);
            for (int id = 0; id < 60; ++id) {
                const Datagram lone(kBlockedQuery, false, 17, id, "192.0.2." + std::to_string(20 + id));
                send(harness, lone, {{0, 24}});
                if (overlap) send(harness, lone, {{16, 32}});
                harness.wait(kSecond / 10);
            }
            EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
            const Datagram forbidden(kBlockedQuery, false, 17, 1, "192.0.2.11");
            EXPECT_TRUE(refused(send(harness, forbidden, cut(forbidden, 24))));
            EXPECT_TRUE(harness.blocked("a.very.long.name.below.www.tiktok.com"));
            const Datagram allowed(kAllowedQuery, false, 17, 2, "192.0.2.11");
            EXPECT_EQ(send(harness, allowed, cut(allowed, 24)).size(), cut(allowed, 24).size());
            if (!overlap) EXPECT_GT(harness.drops(Reason::fragment_limit), 0u);
            harness.check();
            harness.wait(6 * kSecond);
            EXPECT_EQ(harness.counters.fragments_held, 0u);
        }
}

TEST(Fragments, WhatWasGivenUpIsNotCompletedByItsRest) {
    Limits limits = PipelineHarness::small_limits();
    limits.fragments = 4;
    PipelineHarness harness(limits);
    const Datagram forbidden(kBlockedQuery);
    send(harness, forbidden, {{0, 24}});
    harness.wait(kSecond / 2);
    for (int id = 0; id < 4; ++id) harness.from_client(Datagram(kAllowedQuery, false, 17, id).piece({0, 24}));
    EXPECT_EQ(harness.drops(Reason::fragment_limit), 1u);
    harness.wait(kSecond / 2);
    EXPECT_TRUE(send(harness, forbidden, {{24, forbidden.size(), false}}).empty());
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
}

TEST(Fragments, WithLinkLayersThatDiffer) {
    const Datagram datagram(kBlockedQuery);
    const std::size_t cut = (datagram.size() - 1) / 8 * 8;
    const Buffer first = slice(datagram.piece({0, cut}), 14);
    const Buffer last = slice(datagram.piece({cut, datagram.size(), false}), 14);
    const Buffer tagged =
        ethernet(vlan(0, vlan(0, vlan(0, vlan(0, first), kEtherVlan), kEtherVlan), kEtherVlan), kEtherVlan);
    PipelineHarness harness;
    EXPECT_TRUE(harness.from_client(ethernet(last)).empty());  // shorter than the first one's link layers
    EXPECT_TRUE(harness.from_client(tagged).empty()) << "no answer has the link layers of both";
    EXPECT_TRUE(harness.blocked("a.very.long.name.below.www.tiktok.com"));
}

TEST(Fragments, OfAFragmentNoHostTakes) {
    const Buffer query =
        with_checksum(udp(5000, 53, kBlockedQuery), 17, address6("2001:db8:1::10") + address6("2001:db8:2::20"));
    const Buffer inner = fragment_header(17, 0, true, 5) + slice(query, 0, 48);
    const auto outer = [&](std::size_t from, std::size_t to, bool more) {
        return ethernet(
            ipv6({.protocol = 0xff, .extensions = fragment_header(44, static_cast<int>(from), more, 9), .first = 44},
                 slice(inner, from, to - from)),
            kEtherIpv6);
    };
    PipelineHarness harness;
    EXPECT_TRUE(harness.from_client(outer(0, 24, true)).empty());
    EXPECT_TRUE(harness.from_client(outer(24, inner.size(), false)).empty());
    EXPECT_EQ(harness.drops(Reason::ipv6_extension), 2u);
}

TEST(Fragments, InATunnelInFragmentsAreDropped) {
    const Buffer query =
        with_checksum(udp(5000, 53, kBlockedQuery), kProtocolUdp, address4("192.0.2.10") + address4("198.51.100.20"));
    PipelineHarness harness;
    std::size_t frames = 0;
    for (const bool first : {true, false}) {
        const Buffer inner =
            ipv4({.protocol = kProtocolUdp, .id = 7, .offset = first ? 0 : 24, .more = first, .whole = false},
                 first ? slice(query, 0, 24) : slice(query, 24));
        for (const bool begins : {true, false}) {
            const Ipv4Fields outer{.protocol = kProtocolIpIp,
                                   .id = first ? 50 : 51,
                                   .offset = begins ? 0 : 24,
                                   .more = begins,
                                   .whole = false};
            const Buffer piece = ipv4(outer, begins ? slice(inner, 0, 24) : slice(inner, 24));
            EXPECT_TRUE(harness.from_client(ethernet(piece)).empty());
            ++frames;
        }
    }
    EXPECT_EQ(harness.drops(Reason::fragment_nested), frames);
    EXPECT_EQ(harness.counters.held_frames, 0u);
}

TEST(Fragments, TooDeepTunnelsFollowThePolicy) {
    const Buffer deep =
        ipv4({.protocol = kProtocolIpIp},
             ipv4({.protocol = kProtocolIpIp},
                  ipv4({.protocol = kProtocolIpIp}, ipv4({.protocol = kProtocolUdp}, udp(5000, 53, kBlockedQuery)))));
    const auto piece = [&](std::size_t from, std::size_t to, bool more) {
        return ethernet(
            ipv4({.protocol = kProtocolIpIp, .offset = static_cast<int>(from), .more = more, .whole = false},
                 slice(slice(deep, 20), from, to - from)));
    };
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Limits limits = PipelineHarness::small_limits();
        limits.deeper_tunnel = policy;
        limits.tunnel_depth = 1;
        PipelineHarness harness(limits);
        harness.from_client(piece(0, 48, true));
        const auto sent = harness.from_client(piece(48, deep.size() - 20, false));
        EXPECT_EQ(sent.size(), policy == FailPolicy::open ? 2u : 0u);
        EXPECT_EQ(harness.drops(Reason::encapsulation_depth), policy == FailPolicy::open ? 0u : 2u);
        EXPECT_EQ(harness.errors(Reason::encapsulation_depth), policy == FailPolicy::open ? 1u : 0u);
    }
}

}  // namespace
}  // namespace sluis::test
