// A pipeline between two vectors of frames, with a small rule set: what goes in, what comes out, and the accounts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "control/rules/rule_compiler.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/pipeline.h"
#include "tests/unit/frame_builder.h"
#include "tests/unit/generation_maker.h"

namespace sluis::test {

/// Refuses tiktok.com and all below it. Compiled once for a test program.
inline const RuleSet& small_rules() {
    static const std::unique_ptr<RuleSet> rules = [] {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(
            "category = \"tiktok\"\ndefault = \"on\"\ncomment = \"test\"\nsource = \"test\"\n"
            "suffix = [ { name = \"tiktok.com\", comment = \"test\" } ]\n",
            "test.toml", source, errors);
        for (const std::string& error : errors) ADD_FAILURE() << error;
        auto loaded = compile_and_load(source);
        if (!loaded) ADD_FAILURE() << loaded.error();
        return std::move(*loaded);
    }();
    return *rules;
}

/// A frame that came out.
struct Sent {
    Side egress;
    Buffer bytes;
    bool injected;
    std::uint8_t link = 0;
};
/// A Finding that outlives its call.
struct Found {
    Protocol protocol;
    std::string name;
    Verdict verdict;
    Reason reason;
    std::string pair = "";  ///< where the generation names some
    friend bool operator==(const Found&, const Found&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Found& found) {
    return out << name(found.protocol) << ' ' << found.name << ' ' << name(found.verdict) << ' ' << name(found.reason);
}

/// Frames of the heap, each in a block of its exact size, so that a sanitizer sees the first byte read beyond it.
class VectorIo final : public FrameIo {
public:
    struct Owned {
        Frame frame;
        std::unique_ptr<std::byte[]> block;
        Buffer original;
        bool received = false;  ///< and not made by the pipeline
    };
    Frame* make(Side ingress, const Buffer& bytes) {
        Owned& owned = add(static_cast<std::uint32_t>(bytes.size()));
        std::copy(bytes.begin(), bytes.end(), owned.block.get());
        owned.frame.ingress = ingress;
        owned.frame.link = link;
        owned.original = bytes;
        owned.received = true;
        return &owned.frame;
    }
    void transmit(Side side, std::span<Frame* const> frames) noexcept override {
        for (Frame* frame : frames) {
            EXPECT_EQ(frame->next, nullptr);
            EXPECT_EQ(side, opposite(frame->ingress));
            const Bytes bytes = frame->bytes();
            sent.push_back({side, {bytes.begin(), bytes.end()}, frame->injected, frame->link});
            const Buffer original = release(frame);
            if (!sent.back().injected && !rewrites)
                EXPECT_EQ(sent.back().bytes, original) << "a frame was changed on its way";
        }
    }
    void drop(std::span<Frame* const> frames) noexcept override {
        for (Frame* frame : frames) {
            EXPECT_EQ(frame->next, nullptr);
            if (!frame->injected) ++dropped;
            release(frame);
        }
    }
    Frame* allocate(std::uint32_t size) noexcept override { return exhausted ? nullptr : &add(size).frame; }

    std::vector<Sent> sent;
    std::size_t dropped = 0;
    bool exhausted = false;
    std::uint8_t link = 0;  ///< that what is made comes in by
    bool rewrites = false;  ///< answers may be changed on their way
    /// Received frames that the pipeline holds.
    std::size_t live() const {
        return static_cast<std::size_t>(
            std::count_if(frames_.begin(), frames_.end(), [](const auto& owned) { return owned->received; }));
    }
    /// All that it holds, copies too.
    std::size_t in_use() const { return frames_.size(); }

private:
    Owned& add(std::uint32_t size) {
        frames_.push_back(std::make_unique<Owned>());
        Owned& owned = *frames_.back();
        owned.block = std::make_unique<std::byte[]>(size);
        owned.frame.data = owned.block.get();
        owned.frame.length = size;
        return owned;
    }
    Buffer release(const Frame* frame) {
        for (auto& owned : frames_)
            if (&owned->frame == frame) {
                Buffer original = std::move(owned->original);
                std::swap(owned, frames_.back());
                frames_.pop_back();
                return original;
            }
        ADD_FAILURE() << "a frame was given back twice";
        return {};
    }
    std::vector<std::unique_ptr<Owned>> frames_;
};

class PipelineHarness final : public FindingObserver {
public:
    explicit PipelineHarness(const Limits& limits = small_limits()) : pipeline_(limits, io, counters, this) {
        policy.enforced = {true};
        policy.dns.text = "blocked by policy";
        use(small_rules());
    }
    ~PipelineHarness() { check(); }
    /// Goes on with other rules, and what `policy` says by now. REQUIRES: `rules` outlives the harness.
    void use(const RuleSet& rules) { use(generation_of(rules, policy)); }
    void use(std::unique_ptr<const Generation> generation) {
        pipeline_.use(*generation);
        generation_ = std::move(generation);
    }

    /// Limits that are quick to construct and small enough to reach.
    static Limits small_limits() {
        Limits limits;
        limits.flows = 256;
        limits.small_streams = 256;
        limits.large_streams = 64;
        limits.quic_connections = 64;
        limits.datagrams = 64;
        limits.fragments = 256;
        return limits;
    }

    /// One frame as a burst of its own; returns what came out.
    std::vector<Sent> send(Side ingress, const Buffer& frame) { return send_burst({{ingress, frame}}); }
    std::vector<Sent> from_client(const Buffer& frame) { return send(Side::inside, frame); }
    std::vector<Sent> from_server(const Buffer& frame) { return send(Side::outside, frame); }
    std::vector<Sent> send_burst(const std::vector<std::pair<Side, Buffer>>& frames) {
        std::vector<Frame*> burst;
        for (const auto& [ingress, bytes] : frames) burst.push_back(io.make(ingress, bytes));
        now += 1'000'000;
        for (std::size_t at = 0; at < burst.size(); at += Pipeline::kBurst)
            pipeline_.process(std::span(burst).subspan(at, std::min(Pipeline::kBurst, burst.size() - at)), now);
        return std::exchange(io.sent, {});
    }
    /// Lets time pass, in steps of a tenth of a second.
    std::vector<Sent> wait(Nanoseconds time) {
        for (const Nanoseconds end = now + time; now < end;) pipeline_.tick(now += kSecond / 10);
        return std::exchange(io.sent, {});
    }
    /// Another mode, and what came out with the change. False in `entered`: not yet.
    std::vector<Sent> enter(PairMode mode, bool* entered = nullptr) {
        const bool done = pipeline_.enter(mode);
        if (entered != nullptr) *entered = done;
        copies_ = done ? mode == PairMode::monitor : copies_;
        return std::exchange(io.sent, {});
    }
    void relieve(bool overloaded) { pipeline_.relieve(overloaded); }
    std::vector<Sent> give_up_held() {
        pipeline_.give_up_held();
        return std::exchange(io.sent, {});
    }

    std::uint64_t would_drop(Reason reason) const { return counters.would_drop[static_cast<std::size_t>(reason)]; }
    std::uint64_t would_block(Reason reason) const { return counters.would_block[static_cast<std::size_t>(reason)]; }
    std::uint64_t drops(Reason reason) const { return counters.drops[static_cast<std::size_t>(reason)]; }
    std::uint64_t errors(Reason reason) const { return counters.errors[static_cast<std::size_t>(reason)]; }
    bool blocked(std::string_view name) const {
        for (const Found& found : findings)
            if (found.name == name && found.verdict == Verdict::block) return true;
        return false;
    }
    bool allowed(std::string_view name) const {
        for (const Found& found : findings)
            if (found.name == name && found.verdict == Verdict::allow) return true;
        return false;
    }
    /// `rx + injected = tx + held + sum(drops)`, and no frame is lost or doubled.
    void check() {
        EXPECT_EQ(balance(counters), 0);
        EXPECT_EQ(io.live(), counters.held_frames);
        const std::uint64_t held = counters.fragments_held;
        EXPECT_EQ(counters.held_frames, copies_ ? 0 : held);
        std::uint64_t drops = 0;
        for (std::uint64_t count : counters.drops) drops += count;
        EXPECT_EQ(io.dropped, drops);
    }

    void on_finding(const Finding& finding) noexcept override {
        findings.push_back(
            {finding.protocol, std::string(finding.name), finding.verdict, finding.reason, std::string(finding.pair)});
    }

    VectorIo io;
    LiveCounters counters{};
    PipelinePolicy policy;  ///< as the next `use` takes it
    std::vector<Found> findings;
    Nanoseconds now = 1'679'900'400 * kSecond;

private:
    Pipeline pipeline_;
    std::unique_ptr<const Generation> generation_;
    bool copies_ = false;  ///< what is held are copies
};

/// Whether exactly the frame that was sent came out, unchanged, on the other side.
inline bool passed(const std::vector<Sent>& sent) { return sent.size() == 1 && !sent[0].injected; }
/// Whether nothing that a client or server sent came out.
inline bool refused(const std::vector<Sent>& sent) {
    for (const Sent& frame : sent)
        if (!frame.injected) return false;
    return true;
}

/// A client's frame, from a station of its IPv4 address's own.
inline Buffer from_station_of(const std::string& client_address, Buffer frame) {
    const Buffer octets = address4(client_address);
    std::copy(octets.begin(), octets.end(), frame.begin() + 8);
    return frame;
}

/// One TCP connection, both ends; sequence numbers move with what was sent in order.
class TcpPair {
public:
    explicit TcpPair(PipelineHarness& harness, int port = 443, std::uint32_t client_isn = 1000,
                     std::uint32_t server_isn = 5000, int client_port = 50000)
        : harness_(harness), port_(port), client_port_(client_port), client(client_isn), server(server_isn) {}

    Buffer client_frame(const Buffer& payload, int flags = kTcpAck | kTcpPsh, std::int64_t offset = 0,
                        TcpFields fields = {}) const {
        fields.source = client_port_;
        fields.destination = port_;
        fields.seq = client + static_cast<std::uint32_t>(offset);
        fields.ack = flags & kTcpAck ? server : 0;
        fields.flags = flags;
        return wrap(fields, payload, false);
    }
    Buffer server_frame(const Buffer& payload, int flags = kTcpAck | kTcpPsh, std::int64_t offset = 0,
                        TcpFields fields = {}) const {
        fields.source = port_;
        fields.destination = client_port_;
        fields.seq = server + static_cast<std::uint32_t>(offset);
        fields.ack = client;
        fields.flags = flags;
        return wrap(fields, payload, true);
    }
    std::vector<Sent> send(const Buffer& payload) {
        const auto sent = harness_.from_client(client_frame(payload));
        client += static_cast<std::uint32_t>(payload.size());
        return sent;
    }
    std::vector<Sent> answer(const Buffer& payload) {
        const auto sent = harness_.from_server(server_frame(payload));
        server += static_cast<std::uint32_t>(payload.size());
        return sent;
    }
    /// A bare acknowledgment of all that the client has sent.
    std::vector<Sent> acknowledge() { return harness_.from_server(server_frame({}, kTcpAck)); }
    /// The same of all that the server has sent.
    std::vector<Sent> hear() { return harness_.from_client(client_frame({}, kTcpAck)); }
    void syn(const TcpFields& fields = {}) {
        EXPECT_TRUE(passed(harness_.from_client(client_frame({}, kTcpSyn, 0, fields))));
        ++client;
    }
    void syn_ack() {
        EXPECT_TRUE(passed(harness_.from_server(server_frame({}, kTcpSyn | kTcpAck))));
        ++server;
    }
    void connect() {
        syn();
        syn_ack();
        EXPECT_TRUE(passed(harness_.from_client(client_frame({}, kTcpAck))));
    }

private:
    Buffer wrap(const TcpFields& fields, const Buffer& payload, bool to_client) const {
        const std::string far = "198.51.100.20";
        const std::string source = to_client ? far : client_address, destination = to_client ? client_address : far;
        Buffer bytes =
            ethernet(ipv4({.source = source, .destination = destination}, tcp(fields, payload)), kEtherIpv4, to_client);
        return to_client ? bytes : from_station_of(client_address, std::move(bytes));
    }
    PipelineHarness& harness_;
    int port_, client_port_;

public:
    std::uint32_t client, server;  ///< next sequence number of either
    std::string client_address = "192.0.2.10";
};

inline Buffer slice(const Buffer& bytes, std::size_t from, std::size_t count = std::string::npos) {
    const Bytes part = Bytes(bytes).subspan(from);
    return buffer(part.first(std::min(count, part.size())));
}
inline Buffer tls_hello(std::string_view name) { return record(22, hello(name)); }
/// A ServerHello in a record of its own (RFC 8446, 4.1.3).
inline Buffer tls_server_hello() {
    const Buffer body = buffer({3, 3}) + Buffer(32, std::byte{0x77}) + buffer({0, 0x13, 0x01, 0, 0, 0});
    return record(22, handshake(2, body), 3);
}

}  // namespace sluis::test
