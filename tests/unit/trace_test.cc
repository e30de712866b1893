// A trace from frames in a pipeline to the bytes of a pcapng file; and a reader of memory that lies.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <cstring>
#include <optional>

#include "control/trace/trace_collector.h"
#include "control/trace/trace_comment.h"
#include "dataplane/interface/trace_file.h"
#include "dataplane/trace/frame_tracer.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kHeaders = 42;  // Ethernet, IPv4 and UDP

Buffer query(std::string_view name, const std::string& client = "192.0.2.10", int port = 53) {
    const Buffer packet = udp(5000, port, buffer(dns_query_text(name)));
    return ethernet(ipv4({.source = client, .destination = "198.51.100.20", .protocol = kProtocolUdp}, packet),
                    kEtherIpv4);
}

/// A record that outlives its lane.
struct Taken {
    TraceRecord record;
    Buffer frame;
    std::string comment;
};

class TraceTest : public testing::Test, public FindingObserver {
protected:
    TraceTest() {
        policy.enforced = {true};
        generation = generation_of(small_rules(), policy);
        pipeline.use(*generation);
        order.frames = 1000;
        open(std::uint64_t{1} << 20);
    }
    void open(std::uint64_t size) {
        const std::vector<std::string> pairs{"demo"};
        auto made = TraceFile::create(pairs, size, 256);
        ASSERT_TRUE(made) << made.error();
        file.emplace(std::move(*made));
        auto opened = TraceReader::open(FileDescriptor(::dup(file->descriptor())));
        ASSERT_TRUE(opened) << opened.error();
        reader.emplace(std::move(*opened));
        tracer = std::make_unique<FrameTracer>(
            FrameTracer::Setting{io, this, counters, file->lane(0), file->records(0)}, order);
    }
    void from_client(const std::vector<Buffer>& frames) {
        std::vector<Frame*> burst;
        for (const Buffer& bytes : frames) burst.push_back(io.make(Side::inside, bytes));
        tracer->process(pipeline, burst, now += 1'000'000);
    }
    std::vector<Taken> take() {
        std::vector<Taken> all;
        TraceView view{};
        while (reader->take(0, view))
            all.push_back({view.record, Buffer(view.frame.begin(), view.frame.end()), trace_comment(view, "demo")});
        return all;
    }
    void on_finding(const Finding& finding) noexcept override { findings += finding.verdict == Verdict::block; }
    void TearDown() override { EXPECT_EQ(balance(counters), 0); }

    VectorIo io;
    LiveCounters counters{};
    PipelinePolicy policy;
    Pipeline pipeline{PipelineHarness::small_limits(), io, counters, this};
    std::unique_ptr<const Generation> generation;
    TraceOrder order;
    std::optional<TraceFile> file;
    std::optional<TraceReader> reader;
    std::unique_ptr<FrameTracer> tracer;
    Nanoseconds now = kSecond;
    int findings = 0;
};

TEST_F(TraceTest, TellsWhatBecameOfAFrameAndWhatTheBoxSentForIt) {
    from_client({query("www.tiktok.com")});
    const auto taken = take();
    ASSERT_EQ(taken.size(), 2u);
    EXPECT_EQ(taken[0].record.kind, TraceKind::received);
    EXPECT_EQ(taken[0].record.fate, TraceFate::dropped);
    EXPECT_EQ(taken[0].frame.size(), kHeaders) << "no payload unless it is asked for";
    EXPECT_THAT(taken[0].comment, HasSubstr("dns name www.tiktok.com: blocked, rule, rule tiktok.com (tiktok)"));
    EXPECT_THAT(taken[0].comment, HasSubstr("dropped: rule"));
    EXPECT_EQ(taken[1].record.kind, TraceKind::injected);
    EXPECT_EQ(taken[1].comment, "injected on demo inside");
    EXPECT_EQ(findings, 1) << "the events are as without a trace";
    EXPECT_EQ(io.sent.size(), 1u);
}

TEST_F(TraceTest, KeepsPayloadAndAllowedNamesOnlyWhenAsked) {
    from_client({query("www.example.org")});
    auto taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].record.fate, TraceFate::sent);
    EXPECT_THAT(taken[0].comment, Not(HasSubstr("example")));
    EXPECT_THAT(taken[0].comment, HasSubstr("dns; names announced: 1; sent"));
    order.payload = true;
    open(1 << 20);
    const Buffer frame = query("www.example.org");
    from_client({frame});
    taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].frame, frame);
    EXPECT_THAT(taken[0].comment, HasSubstr("dns name www.example.org: allowed"));
}

TEST_F(TraceTest, TakesWhatTheFilterTakesAndLeavesTheOrder) {
    order.filter.client = read_address("192.0.2.11");
    from_client({query("a.example", "192.0.2.10"), query("b.example", "192.0.2.11"), query("c.example", "192.0.2.10")});
    EXPECT_EQ(take().size(), 1u);
    ASSERT_EQ(io.sent.size(), 3u);
    EXPECT_EQ(io.sent[1].bytes, query("b.example", "192.0.2.11"));
}

TEST_F(TraceTest, EndsWithItsFrames) {
    order.frames = 2;
    from_client({query("a.example"), query("b.example"), query("c.example")});
    EXPECT_EQ(take().size(), 2u);
    EXPECT_EQ(io.sent.size(), 3u);
    EXPECT_LE(order.frames.load(), 0);
}

TEST_F(TraceTest, AFullLaneLosesRecordsAndNoFrame) {
    open(512);
    for (int i = 0; i < 20; ++i) from_client({query("a.example")});
    EXPECT_EQ(take().size(), 4u);
    EXPECT_EQ(reader->lost(), 16u);
    EXPECT_EQ(io.sent.size(), 20u);
}

TEST_F(TraceTest, FragmentsAreHeldAndReleased) {
    const Buffer whole = with_checksum(udp(5000, 53, buffer(dns_query_text("www.example.org"))), kProtocolUdp,
                                       address4("192.0.2.10") + address4("198.51.100.20"));
    const auto fragment = [&](int offset, bool more) {
        const auto from = whole.begin() + offset;
        return ethernet(ipv4({.protocol = kProtocolUdp, .offset = offset, .more = more, .whole = false},
                             Buffer(from, more ? from + 16 : whole.end())));
    };
    from_client({fragment(0, true)});
    from_client({fragment(16, false)});
    const auto taken = take();
    ASSERT_EQ(taken.size(), 3u);
    EXPECT_EQ(taken[0].record.fate, TraceFate::held);
    EXPECT_EQ(taken[0].frame.size(), 34u) << "a fragment's payload is no header";
    EXPECT_EQ(taken[1].record.fate, TraceFate::sent);
    EXPECT_EQ(taken[2].record.kind, TraceKind::released);
}

TEST_F(TraceTest, TellsThePairsModeAndWhatWouldBeRefused) {
    ASSERT_TRUE(pipeline.enter(PairMode::monitor));
    from_client({query("www.tiktok.com")});
    auto taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0].record.fate, TraceFate::sent);
    EXPECT_THAT(taken[0].comment, HasSubstr("pair on monitor"));
    EXPECT_THAT(taken[0].comment, HasSubstr("dns name www.tiktok.com: monitored"));
    EXPECT_THAT(taken[0].comment, HasSubstr("would be refused: rule; sent"));
    ASSERT_TRUE(pipeline.enter(PairMode::closed));
    from_client({query("www.example.org")});
    taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_THAT(taken[0].comment, HasSubstr("pair on closed; dropped: pair_closed"));
    ASSERT_TRUE(pipeline.enter(PairMode::wire));
    from_client({query("www.tiktok.com")});
    taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_THAT(taken[0].comment, HasSubstr("pair on wire; sent"));
    EXPECT_EQ(taken[0].record.names, 0);
    EXPECT_EQ(io.sent.size(), 2u);
}

TEST_F(TraceTest, NobodyElseCanWriteToOrShrinkIt) {
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor(), 0), MAP_FAILED);
    EXPECT_NE(::ftruncate(file->descriptor(), 0), 0);
    EXPECT_LT(::write(file->descriptor(), "x", 1), 0);
}

TEST_F(TraceTest, AReaderBelievesNoLength) {
    from_client({query("a.example")});
    auto* record = reinterpret_cast<TraceRecord*>(file->records(0).data());
    for (const auto lie : {+[](TraceRecord& r) { r.size = 8; }, +[](TraceRecord& r) { r.captured = 1 << 30; },
                           +[](TraceRecord& r) { r.findings = 255; }, +[](TraceRecord& r) { r.size = ~0u & ~7u; }}) {
        const TraceRecord honest = *record;
        lie(*record);
        auto again = TraceReader::open(FileDescriptor(::dup(file->descriptor())));
        TraceView view{};
        EXPECT_FALSE(again->take(0, view));
        *record = honest;
    }
    file->lane(0).filled = ~std::uint64_t{0};
    TraceView view{};
    EXPECT_FALSE(reader->take(0, view));
    file->header().lane_size = std::uint64_t{1} << 40;
    EXPECT_FALSE(TraceReader::open(FileDescriptor(::dup(file->descriptor()))));
}

TEST_F(TraceTest, ACommentSteersNoTerminal) {
    TraceView view{};
    view.record.kind = static_cast<TraceKind>(200);
    view.record.fate = static_cast<TraceFate>(200);
    view.record.layers = 200;
    view.record.drops = {255, 1, 0, 0};
    Event event{};
    std::memcpy(event.name, "a\x1b[2J\xc2\x9b", 7);
    view.findings = {&event, 1};
    view.record.kind = TraceKind::received;
    const std::string comment = trace_comment(view, "x\ny");
    EXPECT_THAT(comment, HasSubstr("a\\x1b[2J\\xc2\\x9b"));
    EXPECT_THAT(comment, HasSubstr("x\\x0ay"));
}

TEST_F(TraceTest, TheCaptureHasTwoInterfacesAPair) {
    TraceCollector collector;
    collector.begin(*reader, "test", "comment");
    from_client({query("www.tiktok.com")});
    EXPECT_EQ(collector.take(*reader, 1), 1u);
    EXPECT_EQ(collector.take(*reader, 100), 1u);
    EXPECT_EQ(collector.take(*reader, 100), 0u);
    EXPECT_EQ(collector.frames(), 1u);
    EXPECT_THAT(collector.capture(), HasSubstr("demo inside"));
    EXPECT_THAT(collector.capture(), HasSubstr("demo outside"));
}

}  // namespace
}  // namespace sluis::test
