// One QUIC connection over several pairs of endpoints: servers that know connections by their IDs alone read a hello
// whose pieces come from any of them; and nobody who copies a connection ID harms whoever it belongs to.
#include "tests/unit/quic_client.h"

namespace sluis::test {
namespace {

constexpr const char* kForbidden = "www.tiktok.com";
constexpr const char* kAllowed = "www.example.org";
constexpr std::size_t kCut = 60;

/// Where a datagram of the client's comes from, and goes to.
struct Path {
    std::string client = "192.0.2.10";
    int client_port = 50443;
    std::string server = "198.51.100.20";
    int port = 443;
};
const Path kFirst, kOtherPort{.client_port = 50444}, kOtherHost{.client = "192.0.2.77"},
    kOtherServer{.server = "198.51.100.21", .port = 8443};
const std::vector<Path> kOthers{kOtherPort, kOtherHost, kOtherServer};

Buffer on(const Path& path, const Buffer& payload, bool to_client = false) {
    const Buffer packet =
        to_client ? udp(path.port, path.client_port, payload) : udp(path.client_port, path.port, payload);
    return ethernet(ipv4({.source = to_client ? path.server : path.client,
                          .destination = to_client ? path.client : path.server,
                          .protocol = kProtocolUdp},
                         packet),
                    kEtherIpv4, to_client);
}
bool sends(PipelineHarness& harness, const Path& path, const Buffer& payload) {
    return passed(harness.from_client(on(path, payload)));
}
bool answers(PipelineHarness& harness, const Path& path) {
    return passed(harness.from_server(on(path, quic_server_hello(), true)));
}
Buffer part(const char* name, std::size_t from, std::size_t count = std::string::npos, std::uint32_t number = 0) {
    return quic_initial(crypto_frame(from, slice(hello(name), from, count)), {.number = number});
}

TEST(PipelineQuicPath, AHelloInTwoPartsIsReadWhateverPathTheyTake) {
    for (const Path& other : kOthers)
        for (const bool in_order : {true, false}) {
            const auto both = [&](PipelineHarness& harness, const char* name) {
                Buffer first = part(name, 0, kCut), second = part(name, kCut, std::string::npos, 1);
                if (!in_order) std::swap(first, second);
                EXPECT_TRUE(sends(harness, kFirst, first));
                return sends(harness, other, second);
            };
            PipelineHarness forbidden;
            EXPECT_FALSE(both(forbidden, kForbidden));
            EXPECT_TRUE(forbidden.blocked(kForbidden));
            for (const Path& answered : {kFirst, other}) {
                PipelineHarness harness;
                EXPECT_TRUE(both(harness, kAllowed));
                EXPECT_TRUE(harness.allowed(kAllowed));
                EXPECT_TRUE(answers(harness, answered)) << "the server may answer on either path";
                EXPECT_EQ(harness.counters.flows_settled, 1u);
            }
        }
}

TEST(PipelineQuicPath, ThreePartsOverThree) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, kOtherServer, part(kForbidden, 80)));
    EXPECT_TRUE(sends(harness, kFirst, part(kForbidden, 0, kCut)));
    EXPECT_FALSE(sends(harness, kOtherHost, part(kForbidden, kCut, 80 - kCut)));
    EXPECT_TRUE(harness.blocked(kForbidden));
}

TEST(PipelineQuicPath, ABlockedConnectionIdIsBlockedOnNewPaths) {
    for (const Path& other : kOthers) {
        PipelineHarness harness;
        EXPECT_FALSE(sends(harness, kFirst, quic_hello(kForbidden)));
        EXPECT_FALSE(sends(harness, other, part(kForbidden, kCut)));
        EXPECT_EQ(harness.drops(Reason::flow_blocked), 1u);
        EXPECT_TRUE(sends(harness, other, quic_hello(kAllowed, {.destination = buffer("another1")})));
    }
}

TEST(PipelineQuicPath, AServersAnswerToAHelloNotReadIsRefused) {
    for (const bool with_hello : {true, false}) {
        PipelineHarness harness;
        EXPECT_TRUE(sends(harness, kFirst, with_hello ? part(kForbidden, kCut) : quic_initial(buffer({1}))));
        EXPECT_FALSE(answers(harness, kFirst)) << "the other half must have taken another way";
        EXPECT_EQ(harness.drops(Reason::hello_unread), 1u);
        EXPECT_FALSE(answers(harness, kFirst));
        EXPECT_FALSE(passed(harness.from_server(on(kFirst, quic_server_hello({.fixed_bit = false}), true))));
        EXPECT_FALSE(sends(harness, kFirst, part(kForbidden, 0, kCut)));
        EXPECT_EQ(harness.counters.flows_settled, 0u);
    }
}

TEST(PipelineQuicPath, AnAcknowledgmentOfAPartIsNoAnswer) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, 0, kCut)));
    const QuicFields ack{.destination = QuicFields{}.source,
                         .source = buffer("server"),
                         .keys_from = QuicFields{}.destination,
                         .sender = QuicSender::server};
    EXPECT_TRUE(passed(harness.from_server(on(kFirst, quic_initial(buffer({2, 0, 0, 0, 0}), ack), true))));
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, kCut)));
    EXPECT_TRUE(answers(harness, kFirst));
}

TEST(PipelineQuicPath, ARetransmissionAfterTheAnswerIsNoUnreadHello) {
    PipelineHarness harness;
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, 0, kCut)));
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, kCut)));
    EXPECT_TRUE(answers(harness, kFirst));
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, kCut)));
    EXPECT_TRUE(answers(harness, kFirst));
    EXPECT_EQ(harness.drops(Reason::hello_unread), 0u);
}

TEST(PipelineQuicPath, OneClientMayNotDifferWithItself) {
    PipelineHarness harness;
    Buffer other = hello(kAllowed);
    other[20] ^= std::byte{1};
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, 0, kCut)));
    EXPECT_FALSE(sends(harness, kOtherPort, quic_initial(crypto_frame(10, slice(other, 10, 30)))));
    EXPECT_EQ(harness.drops(Reason::crypto_conflict), 1u);
}

TEST(PipelineQuicPath, WhoCopiesAConnectionIdHarmsNobody) {
    Buffer other = hello(kAllowed);
    for (std::byte& byte : other) byte ^= std::byte{0x11};
    const std::vector<std::pair<const char*, Buffer>> attacks{
        {"other bytes at the same place", quic_initial(crypto_frame(0, slice(other, 0, kCut)))},
        {"other bytes that are still to come", quic_initial(crypto_frame(kCut, slice(other, kCut)))},
        {"a forbidden hello", quic_hello(kForbidden)},
        {"a conflict with itself",
         quic_initial(crypto_frame(0, slice(other, 0, 40)) + crypto_frame(0, slice(hello(kAllowed), 0, 40)))},
    };
    for (const auto& [what, attack] : attacks) {
        PipelineHarness harness;
        EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, 0, kCut))) << what;
        for (const int port : {1000, 1001, 1002, 1003, 1004})
            sends(harness, {.client = "192.0.2.66", .client_port = port}, attack);
        EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, kCut, std::string::npos, 1))) << what;
        EXPECT_TRUE(harness.allowed(kAllowed)) << what;
        EXPECT_TRUE(answers(harness, kFirst)) << what;
    }
}

TEST(PipelineQuicPath, PathsThatDifferLetNoServerAnswerWhatOnlyTheyMakeWhole) {
    PipelineHarness harness;
    Buffer decoy = hello(kForbidden);
    decoy[100] ^= std::byte{1};
    EXPECT_TRUE(sends(harness, kFirst, part(kForbidden, 0, kCut)));
    sends(harness, kOtherHost, quic_initial(crypto_frame(kCut - 10, slice(decoy, kCut - 10, 20))));
    Buffer changed = hello(kAllowed);
    changed[kCut + 5] ^= std::byte{1};
    sends(harness, {.client = "192.0.2.78"}, quic_initial(crypto_frame(kCut - 5, slice(changed, kCut - 5))));
    EXPECT_FALSE(answers(harness, kFirst));
}

TEST(PipelineQuicPath, PathsAreCounted) {
    Limits limits = PipelineHarness::small_limits();
    limits.quic_paths_per_connection = 2;
    PipelineHarness harness(limits);
    EXPECT_TRUE(sends(harness, kFirst, part(kAllowed, 0, 20)));
    EXPECT_TRUE(sends(harness, kOtherPort, part(kAllowed, 20, 20)));
    EXPECT_FALSE(sends(harness, kOtherHost, part(kAllowed, 40)));
    EXPECT_EQ(harness.drops(Reason::connection_limit), 1u);
    harness.wait(31 * kSecond);
    EXPECT_EQ(harness.counters.quic_connections, 0u);
    EXPECT_EQ(harness.errors(Reason::hello_timeout), 2u);
}

}  // namespace
}  // namespace sluis::test
