// Floods of QUIC from one host: another's connections go on, forbidden names stay blocked, and the accounts close.
#include "dataplane/flow/quic_tracker.h"
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

constexpr const char* kForbidden = "www.tiktok.com";
constexpr const char* kAllowed = "www.example.org";

Buffer id(std::size_t number) { return buffer("id-") + big_endian(number, 5); }

Buffer from(const char* client, int port, const Buffer& payload, bool to_client = false) {
    const char* const server = "198.51.100.20";
    const Buffer frame = ethernet(ipv4({.source = to_client ? server : client,
                                        .destination = to_client ? client : server,
                                        .protocol = kProtocolUdp},
                                       to_client ? udp(443, port, payload) : udp(port, 443, payload)),
                                  kEtherIpv4, to_client);
    return to_client ? frame : from_station_of(client, frame);
}

constexpr const char* kFlooder = "192.0.2.66";
constexpr const char* kVictim = "192.0.2.10";

/// The rest of the network goes on.
void expect_service(PipelineHarness& harness) {
    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, quic_hello(kAllowed, {.destination = id(90001)})))));
    EXPECT_TRUE(harness.allowed(kAllowed));
    EXPECT_TRUE(refused(harness.from_client(from(kVictim, 50002, quic_hello(kForbidden, {.destination = id(90002)})))));
    EXPECT_TRUE(harness.blocked(kForbidden));
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    harness.check();
}

Limits limits_with(FailPolicy policy) {
    Limits limits = PipelineHarness::small_limits();
    limits.quic_connections_per_source = 16;
    limits.quic_large_hellos = 8;
    limits.quic_large_hellos_per_source = 4;
    limits.exhausted = policy;
    return limits;
}

TEST(PipelineQuicFlood, OfInitialsEachWithAnotherId) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        PipelineHarness harness(limits_with(policy));
        for (std::size_t i = 0; i < 300; ++i)
            harness.from_client(
                from(kFlooder, static_cast<int>(1000 + i),
                     quic_initial(crypto_frame(0, slice(hello(kForbidden), 0, 40)), {.destination = id(i)})));
        EXPECT_EQ(harness.counters.quic_connections, 16u);
        EXPECT_EQ(harness.drops(Reason::source_limit), 284u);
        expect_service(harness);
        EXPECT_TRUE(refused(harness.from_client(from(kFlooder, 900, quic_hello(kForbidden, {.destination = id(900)})))))
            << "no client floods itself free";
    }
}

TEST(PipelineQuicFlood, OfForbiddenHellosLeavesRoom) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed})
        for (const bool one_port : {false, true}) {
            PipelineHarness harness(limits_with(policy));
            for (std::size_t i = 0; i < 300; ++i)
                EXPECT_TRUE(refused(harness.from_client(from(kFlooder, static_cast<int>(one_port ? 1000 : 1000 + i),
                                                             quic_hello(kForbidden, {.destination = id(i)})))));
            EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
            EXPECT_LE(harness.counters.quic_connections, one_port ? QuicTracker::kEndedPerPair : 64u);
            EXPECT_GT(harness.counters.flows_evicted, 200u);
            expect_service(harness);
            harness.wait(35 * kSecond);
            EXPECT_EQ(harness.counters.quic_connections, 0u);
        }
}

TEST(PipelineQuicFlood, OfConnectionsThatAServerAnsweredLeavesRoom) {
    PipelineHarness harness(limits_with(FailPolicy::open));
    for (std::size_t i = 0; i < 200; ++i) {
        const QuicFields fields{.destination = id(i)};
        const int port = static_cast<int>(1000 + i);
        EXPECT_TRUE(passed(harness.from_client(from(kFlooder, port, quic_hello(kAllowed, fields)))));
        EXPECT_TRUE(passed(harness.from_server(from(kFlooder, port, quic_server_hello(fields), true))));
    }
    EXPECT_EQ(harness.counters.flows_settled, 200u);
    expect_service(harness);
}

TEST(PipelineQuicFlood, OfLargeHellosSpendsTheSourcesShare) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        PipelineHarness harness(limits_with(policy));
        const auto far = [](std::size_t number) {
            return quic_initial(crypto_frame(5000, buffer("far")), {.destination = id(number)});
        };
        for (std::size_t i = 0; i < 10; ++i) harness.from_client(from(kFlooder, static_cast<int>(1000 + i), far(i)));
        EXPECT_EQ(harness.drops(Reason::source_limit), 6u);
        EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50003, far(90003)))));
        expect_service(harness);
    }
}

TEST(PipelineQuicFlood, WhenAllIsExhaustedThePolicyDecides) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Limits limits = limits_with(policy);
        limits.quic_large_hellos = 1;
        PipelineHarness harness(limits);
        const Buffer message = padded_hello(kForbidden, 3000);
        const auto begin = [&](int port, const Buffer& destination) {
            return passed(harness.from_client(from(
                kVictim, port, quic_initial(crypto_frame(2900, slice(message, 2900)), {.destination = destination}))));
        };
        EXPECT_TRUE(begin(1000, id(1)));
        EXPECT_EQ(begin(1001, id(2)), policy == FailPolicy::open);
        EXPECT_EQ(harness.errors(Reason::overload_pass), policy == FailPolicy::open ? 1u : 0u);
        EXPECT_EQ(harness.drops(Reason::flow_table_full), policy == FailPolicy::open ? 0u : 1u);

        // One connection of as many sources as there is room for.
        for (int i = 0; i < 62; ++i)
            harness.from_client(from(("192.0.3." + std::to_string(i)).c_str(), 1000,
                                     quic_hello(kAllowed, {.destination = id(static_cast<std::size_t>(100 + i))})));
        harness.from_client(from("192.0.4.1", 1000, quic_hello(kAllowed, {.destination = id(500)})));
        const bool passes =
            passed(harness.from_client(from("192.0.4.2", 1000, quic_hello(kForbidden, {.destination = id(501)}))));
        EXPECT_EQ(passes, policy == FailPolicy::open);
    }
}

TEST(PipelineQuicFlood, AnUndecidedConnectionIsNoRoom) {
    Limits limits = limits_with(FailPolicy::closed);
    limits.quic_connections = 8;
    PipelineHarness harness(limits);
    for (std::size_t i = 0; i < 10; ++i)
        harness.from_client(from(kFlooder, static_cast<int>(1000 + i), quic_hello(kAllowed, {.destination = id(i)})));
    EXPECT_EQ(harness.drops(Reason::flow_table_full), 2u);
    EXPECT_EQ(harness.counters.flows_evicted, 0u);
}

Buffer half(const std::string& name, bool second, std::size_t number) {
    const Buffer whole = hello(name);
    const std::size_t cut = whole.size() / 2;
    const Buffer frames = second ? crypto_frame(cut, slice(whole, cut)) : crypto_frame(0, slice(whole, 0, cut));
    return quic_initial(frames, {.destination = id(number), .number = second ? 1u : 0u});
}

/// Half hellos of as many sources, a tenth of a second apart where `slow`.
void flood_with_halves(PipelineHarness& harness, int count, bool slow) {
    for (int i = 0; i < count; ++i) {
        const auto number = static_cast<std::size_t>(1000 + i);
        harness.from_client(from(("192.0.3." + std::to_string(i)).c_str(), 1000, half(kForbidden, false, number)));
        if (slow) harness.wait(kSecond / 10);
    }
}

TEST(PipelineQuicFlood, OfHalfHellosOfManySources) {
    for (const bool slow : {true, false}) {
        Limits limits = limits_with(FailPolicy::open);
        limits.quic_connections = 16;
        PipelineHarness harness(limits);
        flood_with_halves(harness, 60, slow);
        if (slow) {
            expect_service(harness);
            EXPECT_GT(harness.counters.flows_evicted, 40u);
        } else {
            EXPECT_EQ(harness.errors(Reason::overload_pass), 44u) << "all were busy within 250 ms";
        }
        harness.wait(35 * kSecond);
        EXPECT_EQ(harness.counters.quic_connections, 0u);
    }
}

TEST(PipelineQuicFlood, AnEvictedHalfIsNotCompletedByItsRest) {
    for (const bool rest_evicted : {false, true}) {
        Limits limits = limits_with(FailPolicy::open);
        limits.quic_connections = 8;
        PipelineHarness harness(limits);
        EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, half(kForbidden, false, 1)))));
        flood_with_halves(harness, 20, true);
        EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, half(kForbidden, true, 1)))));
        if (rest_evicted) flood_with_halves(harness, 20, true);
        const Buffer answer = quic_server_hello({.destination = id(1)});
        EXPECT_TRUE(refused(harness.from_server(from(kVictim, 50001, answer, true))));
        EXPECT_EQ(harness.drops(Reason::hello_unread), 1u);
        EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    }
}

TEST(PipelineQuicFlood, AnEvictedHalfMayComeAgainWhole) {
    Limits limits = limits_with(FailPolicy::open);
    limits.quic_connections = 8;
    PipelineHarness harness(limits);
    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, half(kAllowed, false, 1)))));
    flood_with_halves(harness, 20, true);
    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, half(kAllowed, false, 1)))));
    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, half(kAllowed, true, 1)))));
    EXPECT_TRUE(passed(harness.from_server(from(kVictim, 50001, quic_server_hello({.destination = id(1)}), true))));
}

TEST(PipelineQuicFlood, OfLargeHellosOfManySources) {
    PipelineHarness harness(limits_with(FailPolicy::open));
    const auto far = [](std::size_t number) {
        return quic_initial(crypto_frame(5000, buffer("far")), {.destination = id(number)});
    };
    for (std::size_t i = 0; i < 30; ++i) {
        harness.from_client(from(("192.0.3." + std::to_string(i)).c_str(), 1000, far(i)));
        harness.wait(kSecond / 10);
    }
    EXPECT_EQ(harness.errors(Reason::overload_pass), 0u);
    const Buffer message = padded_hello(kForbidden, 3000);
    const auto part = [&](std::size_t at, std::size_t size) {
        return harness.from_client(
            from(kVictim, 50009, quic_initial(crypto_frame(at, slice(message, at, size)), {.destination = id(90009)})));
    };
    EXPECT_TRUE(passed(part(2000, 5000)));
    EXPECT_TRUE(passed(part(0, 1000)));
    EXPECT_TRUE(refused(part(1000, 1000)));
    EXPECT_TRUE(harness.blocked(kForbidden));
    expect_service(harness);
}

/// A CRYPTO frame without bytes (RFC 9000, section 19.6, sets no least length) brings no progress, so it holds nothing.
TEST(PipelineQuicFlood, OfEmptyFramesFarAheadHoldsNoRoom) {
    const Buffer nothing_far_ahead = crypto_frame(3000, {});
    for (const Buffer& frames : {nothing_far_ahead, crypto_frame(0, buffer({1})) + nothing_far_ahead}) {
        PipelineHarness harness(limits_with(FailPolicy::open));
        for (std::size_t i = 0; i < 30; ++i)
            harness.from_client(
                from(("192.0.3." + std::to_string(i)).c_str(), 1000, quic_initial(frames, {.destination = id(i)})));
        harness.wait(2 * kSecond);
        const Buffer message = padded_hello(kForbidden, 3000);
        const auto part = [&](std::size_t at, std::size_t size) {
            return harness.from_client(from(
                kVictim, 50009, quic_initial(crypto_frame(at, slice(message, at, size)), {.destination = id(90009)})));
        };
        EXPECT_TRUE(passed(part(0, 1000)));
        EXPECT_TRUE(passed(part(1000, 1000)));
        EXPECT_TRUE(refused(part(2000, 5000)));
        EXPECT_TRUE(harness.blocked(kForbidden));
        expect_service(harness);
    }
}

/// A server's HelloRetryRequest (RFC 8446, section 4.1.3), or its ServerHello behind that.
Buffer retry_answer(const QuicFields& client, bool retry) {
    constexpr const char* kRetryRandom =
        "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
        "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    const Buffer request = handshake(2, buffer({3, 3}) + buffer(kRetryRandom) + buffer({0, 0x13, 1, 0, 0, 0}));
    QuicFields fields{.destination = client.source, .source = buffer("server"), .keys_from = client.destination};
    fields.sender = QuicSender::server;
    return quic_initial(retry ? crypto_frame(0, request) : crypto_frame(request.size(), handshake(2, Buffer(80))),
                        fields);
}

TEST(PipelineQuicRetryRequest, TheSecondHelloIsRead) {
    for (const bool forbidden : {false, true})
        for (const bool early : {false, true})
            for (const bool in_parts : {false, true}) {
                PipelineHarness harness;
                const QuicFields fields{.destination = id(7)};
                QuicFields later{.destination = buffer("server"), .keys_from = id(7), .number = 1};
                if (early) later = {.destination = id(7), .number = 1};
                const Buffer first = hello(kAllowed), second = hello(forbidden ? kForbidden : "www.example.net");
                const auto request = [&] {
                    EXPECT_TRUE(passed(harness.from_server(from(kVictim, 50001, retry_answer(fields, true), true))));
                };
                EXPECT_TRUE(
                    passed(harness.from_client(from(kVictim, 50001, quic_initial(crypto_frame(0, first), fields)))));
                if (!early) request();
                const std::size_t cut = in_parts ? second.size() / 2 : 0;
                if (in_parts) {
                    const Buffer part = quic_initial(crypto_frame(first.size(), slice(second, 0, cut)), later);
                    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, part))));
                }
                if (early) request();
                const Buffer rest = quic_initial(crypto_frame(first.size() + cut, slice(second, cut)), later);
                EXPECT_EQ(refused(harness.from_client(from(kVictim, 50001, rest))), forbidden);
                EXPECT_EQ(harness.blocked(kForbidden), forbidden);
                const auto answer = harness.from_server(from(kVictim, 50001, retry_answer(fields, false), true));
                EXPECT_EQ(passed(answer), !forbidden);
                EXPECT_EQ(harness.counters.flows_settled, forbidden ? 0u : 1u);
            }
}

TEST(PipelineQuicRetryRequest, AnAnswerToASecondHelloThatWasNotReadIsDropped) {
    PipelineHarness harness;
    const QuicFields fields{.destination = id(7)};
    EXPECT_TRUE(passed(harness.from_client(from(kVictim, 50001, quic_hello(kAllowed, fields)))));
    EXPECT_TRUE(passed(harness.from_server(from(kVictim, 50001, retry_answer(fields, true), true))));
    EXPECT_TRUE(refused(harness.from_server(from(kVictim, 50001, retry_answer(fields, false), true))));
    EXPECT_EQ(harness.drops(Reason::hello_unread), 1u);
}

}  // namespace
}  // namespace sluis::test
