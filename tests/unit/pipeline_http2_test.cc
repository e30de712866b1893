// HTTP/2 in cleartext through the whole pipeline.
#include <gmock/gmock.h>

#include <string>

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using namespace std::string_literals;

constexpr int kData = 0, kHeaders = 1, kSettings = 4, kContinuation = 9;
constexpr int kEndHeaders = 4;
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(int type, int flags, int stream, const std::string& payload) {
    const auto byte = [](std::size_t value) { return static_cast<char>(value); };
    return std::string{byte(payload.size() >> 16),
                       byte(payload.size() >> 8),
                       byte(payload.size()),
                       byte(type),
                       byte(flags),
                       0,
                       0,
                       0,
                       byte(stream)} +
           payload;
}
/// A literal that is added to the table (RFC 7541, section 6.2.1), its name from the static table.
std::string field(int index, const std::string& value) {
    return std::string{static_cast<char>(0x40 | index), static_cast<char>(value.size())} + value;
}
std::string authority(const std::string& host) { return field(1, host); }
std::string path(const std::string& target) { return field(4, target); }
const std::string kGet = "\x82\x86";  // :method GET, :scheme http
const std::string kSettingsFrame = frame(kSettings, 0, 0, "\0\3\0\0\0\x64"s);
std::string request(const std::string& fields, int stream = 1) {
    return frame(kHeaders, kEndHeaders | 1, stream, kGet + fields);
}
Buffer bytes_of(const std::string& text) { return buffer(as_bytes(text)); }
const std::string kStart = kPreface + kSettingsFrame;

const std::string kBlockedRequest = request(authority("www.tiktok.com:80"));
const std::string kAllowedRequest = request(authority("www.example.org"));

/// What became of a stream that came in one segment.
struct Outcome {
    bool passed;
    std::vector<Found> findings;
};
Outcome outcome(const std::string& stream) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    const bool all = passed(pair.send(bytes_of(stream)));
    return {all, harness.findings};
}

const Found kAllowed{Protocol::http, "www.example.org", Verdict::allow, Reason::none};
const Found kBlocked{Protocol::http, "www.tiktok.com", Verdict::block, Reason::rule};
const Found kBlockedQuery{Protocol::dns, "www.tiktok.com", Verdict::block, Reason::rule};
Found refused_for(Reason reason) { return {Protocol::http, "", Verdict::block, reason}; }

// 12 bytes of header, www.tiktok.com, A, IN.
const std::string kDoh = "AAABAAABAAAAAAAAA3d3dwZ0aWt0b2sDY29tAAABAAE";

struct Row {
    const char* what;
    std::string stream;
    std::vector<Found> findings;
};
const std::vector<Row> kRows{
    {"an allowed authority", kStart + kAllowedRequest, {kAllowed}},
    {"a forbidden one", kStart + kBlockedRequest, {kBlocked}},
    {"a forbidden host", kStart + request(field(38, "www.tiktok.com")), {kBlocked}},
    {"two names", kStart + request(authority("www.example.org") + field(38, "www.tiktok.com")), {kAllowed, kBlocked}},
    {"an absolute path", kStart + request(path("http://www.tiktok.com/")), {kBlocked}},
    {"names in capitals", kStart + request("\x40\x0a:Authority\x0ewww.TikTok.com"), {kBlocked}},
    {"the second request", kStart + kAllowedRequest + request(authority("www.tiktok.com"), 3), {kAllowed, kBlocked}},
    {"the same host is announced once", kStart + kAllowedRequest + request("\xbe", 3) + request("\xbe", 5), {kAllowed}},
    {"after other frames", kStart + frame(kData, 0, 1, std::string(99, 'x')) + kBlockedRequest, {kBlocked}},
    {"without SETTINGS", kPreface + kBlockedRequest, {kBlocked}},
    {"in pieces",
     kStart + frame(kHeaders, 0, 1, kGet + "\x41\x0ewww.") + frame(kContinuation, 0, 1, "tik") +
         frame(kContinuation, kEndHeaders, 1, "tok.com"),
     {kBlocked}},
    {"Huffman code", kStart + request("\x41\x8b\xf1\xe3\xc2\xe9\x37\x54\x9f\xaa\xe4\x3d\x3f"), {kBlocked}},
    {"a DoH query", kStart + request(path("/dns-query?dns=" + kDoh)), {kBlockedQuery}},
    {"a DoH query over HTTP/1.1",
     "GET /dns-query?dns=" + kDoh + " HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
     {kAllowed, kBlockedQuery}},
    {"a table that is too large",
     kStart + frame(kHeaders, kEndHeaders, 1, "\x3f\xe2\x1f" + kGet),
     {refused_for(Reason::stream_limit)}},
    {"an index without entry", kStart + request("\xbe"), {refused_for(Reason::http_malformed)}},
    {"an authority of two meanings",
     kStart + request(authority("www.example.org/.tiktok.com")),
     {refused_for(Reason::http_malformed)}},
    {"HTTP/1.1 after a preface",
     kPreface + "GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n",
     {refused_for(Reason::http_malformed)}},
    {"CONTINUATION of nothing",
     kStart + frame(kContinuation, kEndHeaders, 1, kGet),
     {refused_for(Reason::http_malformed)}},
    {"too many hosts in one block",
     kStart + request(authority("a.test") + "\xbe\xbe\xbe\xbe"),
     {refused_for(Reason::http_malformed), {Protocol::http, "a.test", Verdict::allow, Reason::none}}},
    {"no SM", "PRI * HTTP/2.0\r\n\r\nGET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n", {kBlocked}},
};

TEST(PipelineHttp2, NamesAreFoundAndRefused) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        const Outcome result = outcome(row.stream);
        EXPECT_THAT(result.findings, testing::UnorderedElementsAreArray(row.findings));
        bool refused = false;
        for (const Found& found : row.findings) refused |= found.verdict == Verdict::block;
        EXPECT_EQ(result.passed, !refused);
    }
}

TEST(PipelineHttp2, CutInTwoAtEveryByte) {
    const Buffer stream = bytes_of(kStart + kAllowedRequest + frame(kHeaders, 0, 3, kGet + "\x41\x0ewww.") +
                                   frame(kContinuation, kEndHeaders, 3, "tiktok.com"));
    for (const bool in_order : {true, false})
        for (std::size_t cut = 1; cut < stream.size(); ++cut) {
            PipelineHarness harness;
            TcpPair pair(harness, 80);
            pair.connect();
            const Buffer first = pair.client_frame(slice(stream, 0, cut));
            const Buffer second = pair.client_frame(slice(stream, cut, stream.size() - cut), kTcpAck | kTcpPsh,
                                                    static_cast<std::int64_t>(cut));
            EXPECT_TRUE(passed(harness.from_client(in_order ? first : second))) << cut;
            EXPECT_TRUE(refused(harness.from_client(in_order ? second : first))) << cut;
            EXPECT_TRUE(harness.blocked("www.tiktok.com")) << cut;
        }
}

TEST(PipelineHttp2, AfterAnUpgrade) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(
        passed(pair.send(bytes_of("GET / HTTP/1.1\r\nHost: www.example.org\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                                  "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"))));
    pair.answer(bytes_of("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
    EXPECT_TRUE(passed(pair.send(bytes_of(kStart))));
    EXPECT_TRUE(refused(pair.send(bytes_of(kBlockedRequest))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// The table outlives a request, as long as the connection lasts.
TEST(PipelineHttp2, TheTableIsTheConnections) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(bytes_of(kStart + request("\x40\x04host\x0fwww.example.org")))));
    pair.acknowledge();
    EXPECT_TRUE(passed(pair.send(bytes_of(request("\xbe", 3)))));
    EXPECT_TRUE(refused(pair.send(bytes_of(request("\x7e\x0ewww.tiktok.com", 5)))));  // host is the name of entry 62
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// An upload whose server acknowledges when it has the bytes; some of them are longer than what is kept.
TEST(PipelineHttp2, BodiesAreSkipped) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(bytes_of(kStart + kAllowedRequest))));
    const std::string upload =
        frame(kData, 0, 1, std::string(100'000, 'x')) + frame(kData, 0, 1, std::string(5000, 'y'));
    for (std::size_t at = 0; at < upload.size(); at += 1400) {
        EXPECT_TRUE(passed(pair.send(bytes_of(upload.substr(at, 1400))))) << at;
        pair.acknowledge();
    }
    EXPECT_TRUE(refused(pair.send(bytes_of(kBlockedRequest))));
    EXPECT_TRUE(harness.blocked("www.tiktok.com"));
}

/// Header blocks beyond what is kept until they are acknowledged wait outside, and break nothing.
TEST(PipelineHttp2, HeadersWithoutAcknowledgmentsAreSlowedDown) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(bytes_of(kStart + kAllowedRequest))));
    pair.acknowledge();
    std::string requests;
    for (int i = 3; i < 83; i += 2) requests += request(authority("www.example.org") + std::string(1000, '\x82'), i);
    std::size_t at = 0;
    while (at < requests.size() &&
           passed(harness.from_client(pair.client_frame(bytes_of(requests.substr(at, 1400)))))) {
        pair.client += 1400;
        at += 1400;
    }
    EXPECT_GT(at, 10'000u);
    EXPECT_LT(at, 30'000u);
    EXPECT_EQ(harness.drops(Reason::stream_limit), 1u);
    pair.acknowledge();
    for (; at < requests.size(); at += 1400) {
        EXPECT_TRUE(passed(pair.send(bytes_of(requests.substr(at, 1400))))) << at;
        pair.acknowledge();
    }
    EXPECT_TRUE(refused(pair.send(bytes_of(kBlockedRequest))));
}

TEST(PipelineHttp2, AHeaderBlockWithoutEndIsRefused) {
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    EXPECT_TRUE(passed(pair.send(bytes_of(kStart + frame(kHeaders, 0, 1, kGet)))));
    int sent = 0;
    while (sent < 100 && passed(pair.send(bytes_of(frame(kContinuation, 0, 1, std::string(1000, '\x82')))))) {
        pair.acknowledge();
        ++sent;
    }
    EXPECT_GT(sent, 10);
    EXPECT_LT(sent, 17);
    EXPECT_EQ(harness.drops(Reason::stream_limit), 1u);
}

Limits with_states(std::uint32_t count, std::uint32_t per_source, FailPolicy exhausted) {
    Limits limits = PipelineHarness::small_limits();
    limits.http2_connections = count;
    limits.http2_connections_per_source = per_source;
    limits.exhausted = exhausted;
    return limits;
}

struct Exhausted {
    std::uint32_t count, per_source;
    FailPolicy policy;
    Reason reason;
};

TEST(PipelineHttp2, ConnectionsAreBounded) {
    for (const Exhausted& row : {Exhausted{1, 8, FailPolicy::open, Reason::overload_pass},
                                 Exhausted{1, 8, FailPolicy::closed, Reason::flow_table_full},
                                 Exhausted{8, 1, FailPolicy::open, Reason::source_limit}}) {
        SCOPED_TRACE(name(row.reason));
        PipelineHarness harness(with_states(row.count, row.per_source, row.policy));
        TcpPair first(harness, 80), second(harness, 80, 1000, 5000, 50001);
        first.connect();
        second.connect();
        EXPECT_TRUE(passed(first.send(bytes_of(kStart + kAllowedRequest))));
        const bool opened = row.reason == Reason::overload_pass;
        EXPECT_EQ(passed(second.send(bytes_of(kStart + kAllowedRequest))), opened);
        EXPECT_EQ(harness.errors(Reason::overload_pass), opened ? 1u : 0u);
        EXPECT_EQ(harness.drops(row.reason), opened ? 0u : 1u);
        // The first goes on; once it is forgotten, a third finds room.
        EXPECT_TRUE(refused(first.send(bytes_of(kBlockedRequest))));
        harness.wait(400 * kSecond);
        TcpPair third(harness, 80, 1000, 5000, 50002);
        third.connect();
        harness.findings.clear();
        EXPECT_TRUE(refused(third.send(bytes_of(kStart + kBlockedRequest))));
        EXPECT_TRUE(harness.blocked("www.tiktok.com"));
    }
}

/// Cleartext HTTP/2 connections, one behind the other, until their states are all taken.
class Connections {
public:
    explicit Connections(std::uint32_t count, FailPolicy exhausted = FailPolicy::open)
        : harness(with_states(count, count + 8, exhausted)) {
        for (std::uint32_t i = 0; i < count; ++i) EXPECT_TRUE(passed(open()));
    }
    /// Another one: what became of its first request.
    std::vector<Sent> open() {
        pairs.emplace_back(harness, 80, 1000u, 5000u, 50000 + static_cast<int>(pairs.size()));
        pairs.back().connect();
        const auto sent = pairs.back().send(bytes_of(kStart + kAllowedRequest));
        pairs.back().acknowledge();
        return sent;
    }
    void wait(Nanoseconds time) { harness.wait(time); }

    PipelineHarness harness;
    std::vector<TcpPair> pairs;
};

/// The one that was idle for longest makes room. It is reset, and nothing of it passes any more: its later blocks could
/// not be read. The others go on, with their tables.
TEST(PipelineHttp2, TheIdlestMakesRoom) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Connections all(4, policy);
        all.wait(kSecond);
        // All but the third show a sign of life, of whatever kind.
        for (const std::size_t busy : {0u, 1u, 3u}) {
            EXPECT_TRUE(passed(all.pairs[busy].send(bytes_of(busy == 1 ? kSettingsFrame : request("\xbe", 3)))));
            all.pairs[busy].acknowledge();
        }
        const std::uint64_t taken = all.harness.counters.flows_inserted;
        EXPECT_TRUE(passed(all.open()));
        EXPECT_EQ(all.harness.counters.flows_inserted, taken + 1);
        EXPECT_EQ(all.harness.counters.blocks[static_cast<std::size_t>(Reason::hello_evicted)], 1u);
        EXPECT_EQ(all.harness.errors(Reason::overload_pass), 0u);
        EXPECT_EQ(all.harness.drops(Reason::flow_table_full), 0u);

        all.harness.findings.clear();
        const auto later = all.pairs[2].send(bytes_of(kBlockedRequest));
        EXPECT_TRUE(refused(later));
        EXPECT_FALSE(later.empty()) << "it is told by a reset";
        EXPECT_EQ(all.harness.drops(Reason::flow_blocked), 1u);
        for (const std::size_t other : {0u, 1u, 3u, 4u}) {
            SCOPED_TRACE(other);
            EXPECT_TRUE(passed(all.pairs[other].send(bytes_of(request("\xbe", 5)))));
            all.harness.findings.clear();
            EXPECT_TRUE(refused(all.pairs[other].send(bytes_of(request("\x7e\x0ewww.tiktok.com", 7)))))
                << "the name of entry 62 in its table is :authority";
            EXPECT_TRUE(all.harness.blocked("www.tiktok.com"));
        }
    }
}

/// Evicted ones are forgotten in the end; the same endpoints begin anew, and are read.
TEST(PipelineHttp2, AfterAnEvictionTheEndpointsBeginAfresh) {
    Connections all(2);
    all.wait(kSecond);
    EXPECT_TRUE(passed(all.open()));
    TcpPair again(all.harness, 80, 90'000, 5000, 50000);
    again.connect();
    EXPECT_TRUE(passed(again.send(bytes_of(kStart + kAllowedRequest)))) << "the second one makes room";
    EXPECT_TRUE(refused(again.send(bytes_of(kBlockedRequest))));
    EXPECT_TRUE(all.harness.blocked("www.tiktok.com"));
    EXPECT_EQ(all.harness.counters.blocks[static_cast<std::size_t>(Reason::hello_evicted)], 2u);
}

/// A flood of new connections takes no busy one's room: the policy decides what becomes of the new ones.
TEST(PipelineHttp2, BusyOnesStay) {
    for (const FailPolicy policy : {FailPolicy::open, FailPolicy::closed}) {
        Connections all(4, policy);
        for (int round = 0; round < 5; ++round) {
            all.wait(kSecond / 10);
            for (std::size_t i = 0; i < 4; ++i) {
                EXPECT_TRUE(passed(all.pairs[i].send(bytes_of(kSettingsFrame))));
                all.pairs[i].acknowledge();
            }
            EXPECT_EQ(passed(all.open()), policy == FailPolicy::open);
        }
        EXPECT_EQ(all.harness.counters.blocks[static_cast<std::size_t>(Reason::hello_evicted)], 0u);
        EXPECT_EQ(all.harness.errors(Reason::overload_pass), policy == FailPolicy::open ? 5u : 0u);
        EXPECT_EQ(all.harness.drops(Reason::flow_table_full), policy == FailPolicy::open ? 0u : 5u);
        EXPECT_TRUE(refused(all.pairs[0].send(bytes_of(kBlockedRequest))));
        EXPECT_TRUE(all.harness.blocked("www.tiktok.com"));
    }
}

/// A connection's state goes when the same endpoints begin another one.
TEST(PipelineHttp2, AnotherConnectionStartsAfresh) {
    PipelineHarness harness(with_states(1, 1, FailPolicy::closed));
    for (std::uint32_t isn = 1000; isn < 9000; isn += 2000) {
        TcpPair pair(harness, 80, isn, isn + 500);
        pair.connect();
        EXPECT_TRUE(passed(pair.send(bytes_of(kStart + kAllowedRequest)))) << isn;
    }
}

}  // namespace
}  // namespace sluis::test
