// The frame path takes nothing from the heap: a mixed set of frames, allowed and refused, with every allocation
// counted.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/interface/trace_file.h"
#include "dataplane/trace/frame_tracer.h"
#include "tests/unit/counting_allocator.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/quic_client.h"

#if SLUIS_OWN_MALLOC

namespace sluis::test {
namespace {

/// Frames from a fixed store.
class FixedIo final : public FrameIo {
public:
    void transmit(Side, std::span<Frame* const> frames) noexcept override {
        for (Frame* frame : frames) injected_ += frame->injected;
        sent += frames.size();
    }
    void drop(std::span<Frame* const> frames) noexcept override { dropped += frames.size(); }
    Frame* allocate(std::uint32_t size) noexcept override {
        if (used_ == frames_.size() || size > 2048) return nullptr;
        frames_[used_].data = room_.data() + used_ * 2048;
        return &frames_[used_++];
    }
    std::size_t injected() const { return injected_; }
    std::size_t sent = 0, dropped = 0;

private:
    std::vector<Frame> frames_ = std::vector<Frame>(256);
    Buffer room_ = Buffer(256 * 2048);
    std::size_t used_ = 0, injected_ = 0;
};

class CountingObserver final : public FindingObserver {
public:
    void on_finding(const Finding& finding) noexcept override {
        ++(finding.verdict == Verdict::block ? blocked : allowed);
    }
    std::size_t blocked = 0, allowed = 0;
};

/// A TCP stream in pieces of `step` bytes, last first where `reversed`.
void add_stream(std::vector<Buffer>& frames, const Buffer& stream, int port, int client_port, std::size_t step,
                bool reversed) {
    frames.push_back(ethernet(ipv4({}, tcp({.source = client_port, .destination = port, .flags = kTcpSyn}))));
    std::vector<Buffer> pieces;
    for (std::size_t at = 0; at < stream.size(); at += step)
        pieces.push_back(ethernet(ipv4(
            {},
            tcp({.source = client_port, .destination = port, .seq = 1001 + static_cast<std::uint32_t>(at), .ack = 5001},
                slice(stream, at, step)))));
    if (reversed) std::reverse(pieces.begin(), pieces.end());
    for (Buffer& piece : pieces) frames.push_back(std::move(piece));
}

std::vector<Buffer> mixed_frames() {
    std::vector<Buffer> frames;
    int port = 40000;
    for (const char* const name : {"www.example.org", "www.tiktok.com"}) {
        const Buffer request = buffer(std::string("GET / HTTP/1.1\r\nHost: ") + name + "\r\n\r\n");
        const Buffer query = buffer(dns_query_text(name));
        for (const bool reversed : {false, true}) {
            add_stream(frames, tls_hello(name), 443, port++, 20, reversed);
            add_stream(frames, record(22, padded_hello(name, 9000)), 443, port++, 1400, reversed);
            add_stream(frames, request, 80, port++, 16, reversed);
            add_stream(frames, prefixed(2, query) + prefixed(2, query), 53, port++, 11, reversed);
        }
        frames.push_back(ethernet(ipv4({.protocol = kProtocolUdp}, udp(port++, 53, query))));
        frames.push_back(ethernet(ipv6({.protocol = kProtocolUdp}, udp(port++, 53, query)), kEtherIpv6));
        const QuicFields fields{.destination = buffer(std::string(name).substr(0, 12))};
        const Buffer message = hello(name);
        frames.push_back(quic_datagram(quic_initial(crypto_frame(40, slice(message, 40)), fields), false, 443, port));
        frames.push_back(
            quic_datagram(quic_initial(crypto_frame(0, slice(message, 0, 40)), fields), false, 443, port++));
        const Buffer whole =
            with_checksum(udp(port++, 53, query), 17, address4("192.0.2.10") + address4("198.51.100.20"));
        frames.push_back(
            ethernet(ipv4({.protocol = 17, .id = port, .more = true, .whole = false}, slice(whole, 0, 24))));
        frames.push_back(ethernet(ipv4({.protocol = 17, .id = port, .offset = 24, .whole = false}, slice(whole, 24))));
        frames.push_back(ethernet(ipv4({.protocol = kProtocolUdp},
                                       udp(1, 4789, vxlan(ethernet(ipv4({.protocol = 17}, udp(port++, 53, query))))))));
    }
    frames.push_back(ethernet(Buffer(46), 0x0806));
    return frames;
}

TEST(Allocations, AreCounted) {
    const long before = allocations;
    delete[] new std::byte[100];
    void* volatile block = std::calloc(1, 100);
    std::free(block);
    EXPECT_GE(allocations - before, 1);
}

/// A pipeline, and the mixed frames that go through it once.
class PipelineAllocation : public testing::Test {
protected:
    PipelineAllocation() {
        policy.enforced = {true};
        generation = generation_of(small_rules(), policy);
        pipeline.use(*generation);
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            frames[i].data = bytes[i].data();
            frames[i].length = static_cast<std::uint32_t>(bytes[i].size());
            burst.push_back(&frames[i]);
        }
    }
    /// How many times memory was asked for, while `process` took bursts.
    template <typename Process>
    long count(Process process) {
        const long before = allocations;
        for (std::size_t at = 0; at < burst.size(); at += 32)
            process(std::span<Frame* const>(burst).subspan(at, std::min<std::size_t>(32, burst.size() - at)),
                    (1000 + at) * kSecond / 1000);
        for (Nanoseconds now = 2 * kSecond; now < 400 * kSecond; now += kSecond) pipeline.tick(now);
        return allocations - before;
    }
    void TearDown() override {
        EXPECT_EQ(balance(counters), 0);
        EXPECT_EQ(io.sent + io.dropped, bytes.size() + io.injected());
        EXPECT_GE(observer.blocked, 13u);
        EXPECT_GE(observer.allowed, 13u);
        EXPECT_GT(io.injected(), 13u);
    }

    FixedIo io;
    LiveCounters counters{};
    CountingObserver observer;
    PipelinePolicy policy;
    Pipeline pipeline{PipelineHarness::small_limits(), io, counters, &observer};
    std::unique_ptr<const Generation> generation;
    std::vector<Buffer> bytes = mixed_frames();
    std::vector<Frame> frames = std::vector<Frame>(bytes.size());
    std::vector<Frame*> burst;
};

TEST_F(PipelineAllocation, NothingIsAllocated) {
    EXPECT_EQ(count([this](auto some, Nanoseconds now) { pipeline.process(some, now); }), 0);
}

TEST_F(PipelineAllocation, NothingIsAllocatedForATrace) {
    const std::vector<std::string> pairs{"demo"};
    auto file = TraceFile::create(pairs, std::uint64_t{1} << 20, 256);
    ASSERT_TRUE(file) << file.error();
    TraceOrder order;
    order.frames = 1000;
    order.payload = true;
    const auto tracer = std::make_unique<FrameTracer>(
        FrameTracer::Setting{io, &observer, counters, file->lane(0), file->records(0)}, order);
    EXPECT_EQ(count([&](auto some, Nanoseconds now) { tracer->process(pipeline, some, now); }), 0);
    EXPECT_EQ(order.frames, 1000 - static_cast<std::int64_t>(bytes.size()));
    EXPECT_GT(file->lane(0).filled, 0u);
}

}  // namespace
}  // namespace sluis::test

#else

TEST(Allocations, NeedTheSystemsOwnMalloc) { GTEST_SKIP() << "a sanitizer replaces malloc"; }

#endif
