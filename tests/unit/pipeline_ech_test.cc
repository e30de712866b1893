// ECH configurations are taken out of DNS answers, however those are cut, and no receiver gets two versions of one.
#include <map>
#include <random>

#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

std::string param(unsigned key, const std::string& value) {
    return be16_text(key) + be16_text(static_cast<unsigned>(value.size())) + value;
}
const std::string kConfig = "\xfe\x0d" + std::string(40, 'e');
const std::string kAlpn = param(1, "\2h2"), kEch = param(5, kConfig), kHint = param(6, std::string(16, '6'));
const std::string kHidden = param(65280, kConfig);

std::string service(const std::string& params) { return dns_record_text(pointer_to(12), 65, "\0\1\0"s + params); }
Buffer answer(std::initializer_list<std::string> records) {
    std::string text = dns_header_text(0x8180, 1, static_cast<unsigned>(records.size())) +
                       dns_question_text(wire_name("www.example.org"), 65);
    for (const std::string& record : records) text += record;
    return buffer(text);
}
Buffer over_tcp(const Buffer& message) { return prefixed(2, message); }

const std::string kSignature = dns_record_text(pointer_to(12), 46, be16_text(65) + "\15\2"s + std::string(40, 's'));
const std::string kMandatory = param(0, "\0\1\0\5"s), kMandatoryHidden = param(0, "\0\1\xff\0"s);

/// An answer as its server sends it, and as its client gets it.
struct Answer {
    const char* what;
    Buffer sent, received;
};
const std::vector<Answer> kAnswers{
    {"ech", over_tcp(answer({service(kAlpn + kEch + kHint)})), over_tcp(answer({service(kAlpn + kHint + kHidden)}))},
    {"mandatory ech", over_tcp(answer({service(kMandatory + kAlpn + kEch)})),
     over_tcp(answer({service(kMandatoryHidden + kAlpn + kHidden)}))},
    {"two records", over_tcp(answer({service(kEch), service(kEch + kHint)})),
     over_tcp(answer({service(kHidden), service(kHint + kHidden)}))},
    {"signed", over_tcp(answer({service(kAlpn + kEch + kHint), kSignature})),
     over_tcp(answer({service(kAlpn + kEch + kHint), kSignature}))},
    {"no ech", over_tcp(answer({service(kAlpn + kHint)})), over_tcp(answer({service(kAlpn + kHint)}))},
};

/// What hosts wait for before they send again.
constexpr Nanoseconds kRetransmission = kSecond / 5;

/// A connection to a DNS server that has asked, and what its client has of the answers.
class Exchange {
public:
    explicit Exchange(const Buffer& stream, std::uint32_t server_isn = 0xffffff80)
        : pair_(harness, 53, 1000, server_isn), stream_(stream), got_(stream.size(), -1) {
        harness.io.rewrites = true;
        pair_.connect();
        pair_.send(over_tcp(buffer(dns_query_text("www.example.org", 65))));
    }
    /// The server sends `count` bytes from `from` on. Returns whether they came through.
    bool send(std::size_t from, std::size_t count) {
        const Buffer part = slice(stream_, from, count);
        return receive(
            harness.from_server(pair_.server_frame(part, kTcpAck | kTcpPsh, static_cast<std::int64_t>(from))));
    }
    /// The client acknowledges what it has without a hole, or the first of it; returns how much that is.
    std::size_t acknowledge(std::size_t at_most = ~std::size_t{0}) {
        TcpPair at = pair_;
        acked_ = std::min(at_most, contiguous());
        at.server += static_cast<std::uint32_t>(acked_);
        EXPECT_TRUE(passed(harness.from_client(at.client_frame({}, kTcpAck))));
        return acked_;
    }
    std::size_t contiguous() const {
        return static_cast<std::size_t>(std::find(got_.begin(), got_.end(), -1) - got_.begin());
    }
    Buffer received() const {
        Buffer bytes;
        for (const int byte : got_) bytes.push_back(static_cast<std::byte>(byte));
        return bytes;
    }
    bool torn() const { return torn_; }

    PipelineHarness harness;

private:
    bool receive(const std::vector<Sent>& sent) {
        for (const Sent& frame : sent) {
            EXPECT_FALSE(frame.injected);
            const Bytes packet = Bytes(frame.bytes).subspan(34);
            EXPECT_EQ(plain_checksum(packet, plain_sum(Bytes(frame.bytes).subspan(26, 8),
                                                       static_cast<std::uint32_t>(kProtocolTcp + packet.size()))),
                      0);
            const std::size_t from = get32(packet, 4) - pair_.server;
            for (std::size_t i = 20; i < packet.size(); ++i) {
                if (from + i - 20 < acked_) continue;  // no receiver takes it a second time
                int& byte = got_.at(from + i - 20);
                torn_ |= byte != -1 && byte != std::to_integer<int>(packet[i]);
                byte = std::to_integer<int>(packet[i]);
            }
        }
        return !sent.empty();
    }

    TcpPair pair_;
    Buffer stream_;
    std::vector<int> got_;
    std::size_t acked_ = 0;
    bool torn_ = false;  ///< two versions of one byte came
};

/// Everything in flight at once, and again what was lost, once the client has said what it has.
TEST(PipelineEch, AnyCutIntoSegments) {
    for (const Answer& row : kAnswers)
        for (std::size_t size = 1; size <= row.sent.size(); ++size) {
            SCOPED_TRACE(row.what + ", segments of "s + std::to_string(size));
            Exchange exchange(row.sent);
            int rounds = 0;
            for (std::size_t have = 0; have < row.sent.size() && rounds < 5; have = exchange.acknowledge(), ++rounds)
                for (std::size_t at = have; at < row.sent.size(); at += size) exchange.send(at, size);
            EXPECT_LE(rounds, 2);
            EXPECT_EQ(exchange.received(), row.received);
            EXPECT_FALSE(exchange.torn());
            const bool changed = row.sent != row.received;
            EXPECT_GE(exchange.harness.errors(Reason::ech_stripped), changed ? 1u : 0u);
            EXPECT_EQ(exchange.harness.errors(Reason::ech_passed), 0u);
            EXPECT_FALSE(exchange.harness.blocked(""));
            if (size == row.sent.size()) EXPECT_EQ(exchange.harness.drops(Reason::ech_withheld), 0u);
        }
}

/// Many servers write the length first, and Nagle's algorithm then waits for its acknowledgment.
TEST(PipelineEch, ALengthOfItsOwnCostsNothing) {
    const Answer& row = kAnswers[0];
    Exchange exchange(row.sent);
    EXPECT_TRUE(exchange.send(0, 2));
    EXPECT_EQ(exchange.acknowledge(), 2u);
    EXPECT_TRUE(exchange.send(2, row.sent.size() - 2));
    EXPECT_EQ(exchange.received(), row.received);
    EXPECT_EQ(exchange.harness.errors(Reason::ech_stripped), 1u);
}

/// One segment at a time: nobody waits for ever, and the answer stays in one piece.
TEST(PipelineEch, AServerThatWaitsForEachAcknowledgmentGetsOn) {
    for (const Answer& row : kAnswers)
        for (std::size_t size = 1; size < row.sent.size(); ++size) {
            SCOPED_TRACE(row.what + ", segments of "s + std::to_string(size));
            Exchange exchange(row.sent);
            int sent = 0, again = 0;
            for (std::size_t have = 0; have < row.sent.size() && sent < 1000; ++sent) {
                exchange.send(have, size);
                const std::size_t now = exchange.acknowledge();
                if (now == have) exchange.harness.wait(kRetransmission);
                again += now == have;
                have = now;
            }
            EXPECT_LE(again, 1);
            EXPECT_FALSE(exchange.torn());
            EXPECT_EQ(exchange.harness.errors(Reason::ech_passed), again == 0 ? 0u : 1u);
            EXPECT_EQ(exchange.received(), again == 0 ? row.received : row.sent);
        }
}

/// The network sends a segment twice: that is no retransmission, and the answer is changed all the same.
TEST(PipelineEch, ADuplicateIsDroppedLikeTheFirst) {
    const Answer& row = kAnswers[0];
    const std::size_t size = row.sent.size(), half = size - 50;
    for (const Nanoseconds age : {Nanoseconds{0}, kSecond / 20}) {
        Exchange exchange(row.sent);
        EXPECT_FALSE(exchange.send(0, half));
        exchange.harness.now += age;
        EXPECT_FALSE(exchange.send(0, half));
        EXPECT_EQ(exchange.harness.drops(Reason::ech_withheld), 2u);
        EXPECT_TRUE(exchange.send(half, size - half));
        EXPECT_TRUE(exchange.send(0, half));
        EXPECT_EQ(exchange.received(), row.received);
        EXPECT_EQ(exchange.harness.errors(Reason::ech_passed), 0u);
    }
}

/// Behind a duplicate, the retransmission of a server that waits still gets through.
TEST(PipelineEch, ADuplicateKeepsNoServerWaiting) {
    const Answer& row = kAnswers[0];
    const std::size_t half = row.sent.size() - 50;
    Exchange exchange(row.sent);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(exchange.send(0, half));
    exchange.harness.wait(kRetransmission);
    EXPECT_TRUE(exchange.send(0, half));
    EXPECT_EQ(exchange.harness.errors(Reason::ech_passed), 1u);
}

/// What is acknowledged in part is still changed in the same way, and the next answer is changed again.
TEST(PipelineEch, RetransmissionsWithOtherBoundaries) {
    const Answer& row = kAnswers[0];
    const std::size_t size = row.sent.size();
    Exchange exchange(row.sent + row.sent + row.sent);
    EXPECT_TRUE(exchange.send(0, size + 10));
    EXPECT_EQ(exchange.acknowledge(), size + 10);
    EXPECT_TRUE(exchange.send(size + 10, size - 10));
    for (const std::size_t from : {size + 10, size + 30, 2 * size - 40, 2 * size - 5})
        EXPECT_TRUE(exchange.send(from, 2 * size - from));
    EXPECT_TRUE(exchange.send(2 * size - 20, size + 20));
    EXPECT_FALSE(exchange.torn());
    EXPECT_EQ(exchange.received(), row.received + row.received + row.received);
}

/// After an answer that had to pass as it is.
TEST(PipelineEch, TheNextAnswerIsChanged) {
    const Answer& row = kAnswers[0];
    const std::size_t size = row.sent.size(), half = size - 50;
    Exchange exchange(row.sent + row.sent);
    EXPECT_FALSE(exchange.send(0, half));
    exchange.harness.wait(kRetransmission);
    EXPECT_TRUE(exchange.send(0, half)) << "nothing new came";
    exchange.acknowledge();
    EXPECT_TRUE(exchange.send(half, size - half));
    exchange.acknowledge();
    EXPECT_TRUE(exchange.send(size, size));
    EXPECT_EQ(exchange.received(), row.sent + row.received);
    EXPECT_EQ(exchange.harness.errors(Reason::ech_stripped), 1u);
}

/// What went by unchanged behind an answer that had to pass goes by unchanged again, when that one is long done with.
TEST(PipelineEch, AnAnswerBehindOneThatPassedStaysAsItWas) {
    const Answer& row = kAnswers[0];
    const std::size_t size = row.sent.size();
    Exchange exchange(row.sent + row.sent + row.sent);
    EXPECT_TRUE(exchange.send(40, size - 40));
    EXPECT_TRUE(exchange.send(0, 40));
    EXPECT_TRUE(exchange.send(size, size));
    EXPECT_EQ(exchange.acknowledge(size), size);
    EXPECT_TRUE(exchange.send(size + 30, size - 30));
    EXPECT_FALSE(exchange.torn());
    EXPECT_EQ(exchange.acknowledge(), 2 * size);
    EXPECT_TRUE(exchange.send(2 * size, size));
    EXPECT_EQ(exchange.received(), row.sent + row.sent + row.received);
}

/// Longer than all that is kept of a stream, in flight at once.
TEST(PipelineEch, ChangedAnswersAreKeptUntilTheyAreAcknowledged) {
    const Answer& row = kAnswers[0];
    Buffer stream;
    for (std::size_t i = 0; i < 300; ++i) stream = stream + row.sent;
    Exchange exchange(stream);
    int rounds = 0;
    for (std::size_t have = 0; have < stream.size() && rounds < 20; have = exchange.acknowledge(), ++rounds) {
        for (std::size_t at = have; at < stream.size(); at += 1400) exchange.send(at, 1400);
        exchange.send(have, 1000);
    }
    EXPECT_LT(rounds, 10);
    EXPECT_FALSE(exchange.torn());
    EXPECT_EQ(exchange.contiguous(), stream.size());
    std::size_t changed = 0;
    for (std::size_t at = 0; at < stream.size(); at += row.sent.size()) {
        const Buffer got = slice(exchange.received(), at, row.sent.size());
        changed += got == row.received;
        EXPECT_TRUE(got == row.sent || got == row.received) << at;
    }
    EXPECT_GT(changed, 100u) << "where segments beyond what is kept are dropped, some come again before their rest";
}

/// Loss, disorder, duplicates, other boundaries, late acknowledgments: a byte has one value, and an answer one version.
TEST(PipelineEch, WhateverHappensOnTheWay) {
    std::mt19937 random(53);
    const auto below = [&](std::size_t bound) { return random() % bound; };
    std::map<bool, int> versions;
    for (int trial = 0; trial < 2000; ++trial) {
        std::vector<const Answer*> rows;
        Buffer stream;
        for (std::size_t i = 0; i < 4; ++i) {
            rows.push_back(&kAnswers[below(kAnswers.size())]);
            stream = stream + rows.back()->sent;
        }
        Exchange exchange(stream);
        const std::size_t reach = 1 + below(stream.size());
        for (int step = 0; step < 5000 && exchange.contiguous() < stream.size(); ++step) {
            const std::size_t have = exchange.contiguous();
            const std::size_t from = below(3) == 0 ? have : have - std::min(have, below(40)) + below(reach);
            if (from < stream.size()) exchange.send(from, 1 + below(200));
            if (below(4) == 0) exchange.acknowledge();
        }
        ASSERT_EQ(exchange.contiguous(), stream.size()) << trial;
        ASSERT_FALSE(exchange.torn()) << trial;
        const Buffer received = exchange.received();
        std::size_t at = 0;
        for (const Answer* row : rows) {
            const Buffer got = slice(received, at, row->sent.size());
            ASSERT_TRUE(got == row->sent || got == row->received) << trial << ": " << row->what;
            if (row->sent != row->received) ++versions[got == row->received];
            at += row->sent.size();
        }
    }
    EXPECT_GT(versions[true], 100);
    EXPECT_GT(versions[false], 100);
}

Buffer fragment(const Buffer& datagram, std::size_t from, std::size_t count, bool v6) {
    const bool more = from + count < datagram.size();
    const Buffer part = slice(datagram, from, count);
    if (v6)
        return ethernet(ipv6({.source = "2001:db8:2::20",
                              .destination = "2001:db8:1::10",
                              .protocol = kProtocolUdp,
                              .extensions = fragment_header(kProtocolUdp, static_cast<int>(from), more, 7),
                              .first = 44},
                             part),
                        kEtherIpv6, true);
    return ethernet(ipv4({.source = "198.51.100.20",
                          .destination = "192.0.2.10",
                          .protocol = kProtocolUdp,
                          .offset = static_cast<int>(from),
                          .more = more,
                          .whole = false},
                         part),
                    kEtherIpv4, true);
}

TEST(PipelineEch, ADatagramInFragments) {
    const Buffer before = slice(kAnswers[0].sent, 2), after = slice(kAnswers[0].received, 2);
    for (const bool v6 : {false, true})
        for (const bool reversed : {false, true})
            for (std::size_t size = 16; size < before.size(); size += 8) {
                SCOPED_TRACE(size);
                const Buffer addresses = v6 ? address6("2001:db8:2::20") + address6("2001:db8:1::10")
                                            : address4("198.51.100.20") + address4("192.0.2.10");
                const Buffer datagram = with_checksum(udp(53, 5000, before), kProtocolUdp, addresses);
                const Buffer expected = with_checksum(udp(53, 5000, after), kProtocolUdp, addresses);
                std::vector<std::pair<Side, Buffer>> burst;
                std::vector<Buffer> frames;
                for (std::size_t at = 0; at < datagram.size(); at += size) {
                    burst.push_back({Side::outside, fragment(datagram, at, size, v6)});
                    frames.push_back(fragment(expected, at, size, v6));
                }
                if (reversed) {
                    std::reverse(burst.begin(), burst.end());
                    std::reverse(frames.begin(), frames.end());
                }
                PipelineHarness harness;
                harness.io.rewrites = true;
                const auto sent = harness.send_burst(burst);
                ASSERT_EQ(sent.size(), frames.size());
                for (std::size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(sent[i].bytes, frames[i]) << i;
                EXPECT_EQ(harness.errors(Reason::ech_stripped), 1u);
            }
}

TEST(PipelineEch, OnlyByPolicy) {
    const Answer& row = kAnswers[0];
    Exchange exchange(row.sent);
    exchange.harness.policy.strip_ech = false;
    exchange.harness.use(small_rules());
    for (std::size_t at = 0; at < row.sent.size(); at += 50) EXPECT_TRUE(exchange.send(at, 50));
    EXPECT_EQ(exchange.received(), row.sent);
}

}  // namespace
}  // namespace sluis::test
