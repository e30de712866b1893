// Flows that cross the links of one inline set: whatever link a frame takes, it is of one flow, and leaves by its own.
#include <gmock/gmock.h>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using testing::Each;
using testing::Field;

/// Takes each frame over another link than the one before.
struct Links : testing::Test {
    void take(std::uint8_t link) { harness.io.link = link; }
    static Buffer question() {
        return ethernet(ipv4({.protocol = kProtocolUdp}, udp(40000, 53, buffer(dns_query_text("www.tiktok.com")))));
    }
    static auto by_link(int link) { return Each(Field(&Sent::link, link)); }

    PipelineHarness harness;
    TcpPair pair{harness};
    const Buffer hello = tls_hello("www.tiktok.com");
};

TEST_F(Links, AHelloInPartsOverTwoLinksIsRefused) {
    for (std::size_t cut = 1; cut < hello.size(); cut += 7) {
        PipelineHarness two;
        TcpPair flow(two);
        flow.connect();
        two.io.link = 1;
        EXPECT_TRUE(passed(flow.send(slice(hello, 0, cut))));
        two.io.link = 2;
        const auto rest = flow.send(slice(hello, cut));
        EXPECT_TRUE(refused(rest)) << cut;
        EXPECT_THAT(rest, by_link(2)) << "where the station's and the server's addresses are known";
        EXPECT_TRUE(two.blocked("www.tiktok.com"));
    }
}

TEST_F(Links, DirectionsByDifferentLinksAreOneFlow) {
    take(1);
    pair.syn();
    take(2);
    pair.syn_ack();
    take(1);
    pair.hear();
    const auto sent = pair.send(tls_hello("www.example.org"));
    EXPECT_TRUE(passed(sent));
    EXPECT_THAT(sent, by_link(1));
    take(2);
    EXPECT_TRUE(passed(pair.answer(tls_server_hello())));
    take(1);
    EXPECT_TRUE(passed(pair.hear()));
    EXPECT_EQ(harness.counters.flows, 0u) << "settled, with answers by the other link";
    EXPECT_EQ(harness.counters.injected_frames, 0u);
}

TEST_F(Links, ARefusedFlowStaysRefusedByEveryLink) {
    pair.connect();
    EXPECT_TRUE(refused(pair.send(hello)));
    take(3);
    const auto again = pair.send(buffer("more"));
    EXPECT_TRUE(refused(again));
    EXPECT_THAT(again, by_link(3));
    EXPECT_TRUE(refused(pair.answer(tls_server_hello())));
}

TEST_F(Links, AFindingNamesThePairOfTheFrame) {
    harness.use(make_generation({.rules = borrowed(small_rules()),
                                 .policy = harness.policy,
                                 .pairs_of_worker = {{"lag", {"first", "second", "third"}}}}));
    pair.connect();
    take(2);
    EXPECT_TRUE(refused(pair.send(hello)));
    take(1);
    EXPECT_TRUE(refused(harness.from_client(question())));
    ASSERT_EQ(harness.findings.size(), 2u);
    EXPECT_EQ(harness.findings[0].pair, "third");
    EXPECT_EQ(harness.findings[1].pair, "second");
}

TEST_F(Links, FragmentsOfADatagramKeepTheirOwn) {
    const Buffer datagram = udp(40000, 3478, Buffer(64, std::byte{0xc1}));
    Ipv4Fields first{.protocol = kProtocolUdp, .whole = false}, second = first;
    first.more = true;
    second.offset = 40;
    take(1);
    EXPECT_TRUE(harness.from_client(ethernet(ipv4(first, slice(datagram, 0, 40)))).empty());
    take(2);
    const auto sent = harness.from_client(ethernet(ipv4(second, slice(datagram, 40))));
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ((std::pair{sent[0].link, sent[1].link}), (std::pair<std::uint8_t, std::uint8_t>{1, 2}));
}

TEST_F(Links, AnswersOfTheBoxLeaveByTheLinkOfTheQuestion) {
    take(5);
    const auto sent = harness.from_client(question());
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_TRUE(sent[0].injected);
    EXPECT_EQ(sent[0].egress, Side::inside);
    EXPECT_EQ(sent[0].link, 5);
}

TEST_F(Links, CopiesOnMonitorAreOfNoOtherLink) {
    harness.enter(PairMode::monitor);
    const Buffer datagram = udp(40000, 3478, Buffer(64, std::byte{0xc1}));
    Ipv4Fields first{.protocol = kProtocolUdp, .whole = false};
    first.more = true;
    take(4);
    const auto sent = harness.from_client(ethernet(ipv4(first, slice(datagram, 0, 40))));
    EXPECT_TRUE(passed(sent));
    EXPECT_THAT(sent, by_link(4));
}

}  // namespace
}  // namespace sluis::test
