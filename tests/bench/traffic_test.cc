// The traffic that is measured is what it says: right checksums, new tuples each loop, the shares of `mixed`; and a
// replay of old tuples does not go unnoticed.
#include "tests/bench/traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "dataplane/packet/decode.h"
#include "tests/bench/bench_pipeline.h"
#include "tests/unit/frame_builder.h"

namespace sluis::bench {
namespace {

const RuleSet& rules() {
    static const auto set = bench_rules();
    return *set;
}

class EachClass : public testing::TestWithParam<TrafficClassName> {};
INSTANTIATE_TEST_SUITE_P(Traffic, EachClass, testing::ValuesIn(kTrafficClasses), [](const auto& info) {
    std::string name(info.param.name);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

/// By a plain sum, not by the bridge's own.
bool checksums_hold(const Frame& frame) {
    const Bytes ip = frame.bytes().subspan(14);
    if (test::plain_checksum(ip.first(20)) != 0) return false;
    if ((test::get16(ip, 6) & 0x3fff) != 0) return true;  // a fragment: its datagram has the checksum
    const std::uint32_t length = test::get16(ip, 2) - 20;
    const std::uint32_t pseudo = test::plain_sum(ip.subspan(12, 8), std::to_integer<std::uint32_t>(ip[9]) + length);
    return test::plain_checksum(ip.subspan(20, length), pseudo) == 0;
}

TEST_P(EachClass, HasRightChecksumsInEveryLoop) {
    Traffic traffic(make_script(GetParam().traffic_class, {.frames = 128}), 1000);
    for (int loop = 0; loop < 3; ++loop, traffic.renew())
        for (Frame* frame : traffic.frames()) {
            ASSERT_TRUE(checksums_hold(*frame));
            Packet packet;
            Reason reason = Reason::none;
            ASSERT_NE(decode(*frame, {}, packet, reason), Decoded::invalid);
        }
}

TEST_P(EachClass, MakesTheCountersSayWhatIsExpected) {
    BenchPipeline pipeline(make_script(GetParam().traffic_class), rules(), {}, 1000);
    for (int loop = 0; loop < 5; ++loop) {
        pipeline.renew();
        pipeline.play([](std::uint32_t, std::uint32_t, auto&& run) { run(); });
    }
    EXPECT_EQ(pipeline.verify(), "");
}

TEST(Traffic, GivesFreshFlowsATupleOnce) {
    Traffic traffic(make_script(TrafficClass::hello_1), 1);
    std::set<std::tuple<std::uint32_t, std::uint32_t>> seen;
    for (int loop = 1; loop <= 40; ++loop, traffic.renew()) {
        for (const Frame* frame : traffic.frames()) {
            const bool to_client = frame->ingress == Side::outside;
            seen.emplace(test::get32(frame->bytes(), to_client ? 30 : 26),
                         test::get16(frame->bytes(), to_client ? 36 : 34));
        }
        ASSERT_EQ(seen.size(), 256u * loop);
    }
}

TEST(Traffic, SpreadsDataOverSettledFlows) {
    Traffic traffic(make_script(TrafficClass::tcp_64), 8);
    std::map<std::uint32_t, int> seen;
    for (const Frame* frame : traffic.frames())
        ++seen[test::get32(frame->bytes(), frame->ingress == Side::outside ? 30 : 26)];
    EXPECT_EQ(seen.size(), 8u);
}

TEST(Traffic, ReplayOfOldTuplesIsNoticed) {
    for (const TrafficClass traffic_class : {TrafficClass::hello_1, TrafficClass::hello_2}) {
        BenchPipeline pipeline(make_script(traffic_class), rules(), {}, 1000);
        for (int loop = 0; loop < 2; ++loop) pipeline.play([](std::uint32_t, std::uint32_t, auto&& run) { run(); });
        EXPECT_NE(pipeline.verify(), "");
    }
}

/// What a frame of `mixed` is, by its headers alone.
std::string kind_of(const Frame& frame) {
    const Bytes ip = frame.bytes().subspan(14);
    if (ip[9] == std::byte{17}) return test::get16(ip, 20) == 53 || test::get16(ip, 22) == 53 ? "dns" : "quic";
    const std::uint32_t flags = test::get16(ip, 32) & 0xff;
    const Bytes payload = ip.subspan(40);
    if (flags & (kTcpSyn | kTcpFin)) return "set-up";
    if (test::get32(ip, 28) == 0 || test::get16(ip, 2) == 40) return "set-up";
    return payload[0] == std::byte{22} && frame.ingress == Side::inside ? "hello" : "data";
}

TEST(Traffic, MixedHasForbiddenNamesOfEachProtocol) {
    BenchPipeline pipeline(make_script(TrafficClass::mixed), rules(), {}, 1000);
    pipeline.play([](std::uint32_t, std::uint32_t, auto&& run) { run(); });
    for (const Protocol protocol : {Protocol::dns, Protocol::tls, Protocol::quic}) {
        const auto of = static_cast<std::size_t>(protocol);
        const std::uint64_t blocked = pipeline.counters().names_blocked[of];
        EXPECT_GT(blocked, 0) << name(protocol);
        EXPECT_LT(blocked * 25, pipeline.counters().names_allowed[of]) << name(protocol);
    }
}

TEST(Traffic, MixedHasItsShares) {
    const Script script = make_script(TrafficClass::mixed, {.frames = 20000});
    Traffic traffic(script, 1000);
    std::map<std::string, double> share;
    for (const Frame* frame : traffic.frames())
        share[kind_of(*frame)] += 100.0 / static_cast<double>(script.frames.size());
    // The second segment of a hello looks like data.
    EXPECT_NEAR(share["data"], 90.5, 0.3);
    EXPECT_NEAR(share["set-up"], 4, 0.1);
    EXPECT_NEAR(share["dns"], 3, 0.1);
    EXPECT_NEAR(share["hello"], 1, 0.05);
    EXPECT_NEAR(share["quic"], 1.5, 0.05);
    const auto inside = std::count_if(traffic.frames().begin(), traffic.frames().end(),
                                      [](const Frame* frame) { return frame->ingress == Side::inside; });
    EXPECT_EQ(2 * static_cast<std::size_t>(inside), traffic.frames().size());
}

}  // namespace
}  // namespace sluis::bench
