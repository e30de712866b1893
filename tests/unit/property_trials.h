// One message in many pieces: what a pipeline makes of it, and what a receiver behind it gets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/rules/name_regex.h"
#include "tests/unit/quic_client.h"
#include "tests/unit/sanitized.h"

namespace sluis::test {

/// A rule for each of the names, all of one category. Single labels too, which a rule source refuses.
inline std::unique_ptr<RuleSet> rules_for(const std::set<std::string>& names) {
    RuleSource source;
    source.categories.push_back({"tiktok", true, "test"});
    for (const std::string& name : names) {
        SourceRule rule;
        rule.kind = RuleKind::exact;
        rule.name = name;
        rule.expression = "\\n\\." + escape_for_engine(name) + "\\n";
        source.rules.push_back(rule);
    }
    auto loaded = compile_and_load(source);
    if (!loaded) ADD_FAILURE() << loaded.error();
    return loaded ? std::move(*loaded) : nullptr;
}

/// What one side of a TCP connection sends.
struct StreamCase {
    std::string label;
    Buffer bytes;
    int port = 443;
    Side sender = Side::inside;
};
/// A segment: where it lies in the stream.
struct Piece {
    std::size_t from, to;
};
inline std::ostream& operator<<(std::ostream& out, const Piece& piece) { return out << piece.from << ".." << piece.to; }

/// What must not depend on how a message was cut.
struct Outcome {
    std::vector<std::string> names;  ///< allowed ones, in order
    std::string blocked;             ///< the first name that was blocked
    Reason reason = Reason::none;    ///< of the first block
    bool complete = false;           ///< the receiver got every byte
    friend bool operator==(const Outcome&, const Outcome&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    for (const std::string& name : outcome.names) out << name << ' ';
    return out << '[' << outcome.blocked << "] " << name(outcome.reason) << (outcome.complete ? " whole" : " in part");
}

/// The receiver of a stream: which of its bytes came.
class StreamReceiver {
public:
    StreamReceiver(const StreamCase& stream, std::uint32_t isn)
        : stream_(stream), first_(isn + 1), got_(stream.bytes.size()) {}
    void take(const std::vector<Sent>& sent) {
        for (const Sent& frame : sent)
            if (!frame.injected && frame.egress == opposite(stream_.sender)) take(frame.bytes);
    }
    bool complete() const { return std::find(got_.begin(), got_.end(), false) == got_.end(); }

private:
    void take(const Buffer& frame) {
        const std::size_t header = 34 + (std::to_integer<std::size_t>(frame.at(46)) >> 4) * 4;
        const std::size_t offset = get32(frame, 38) - first_;
        for (std::size_t i = header; i < frame.size(); ++i) {
            ASSERT_LT(offset + i - header, got_.size());
            ASSERT_EQ(frame[i], stream_.bytes[offset + i - header]);
            got_[offset + i - header] = true;
        }
    }
    const StreamCase& stream_;
    std::uint32_t first_;
    std::vector<bool> got_;
};

/// Sends messages through a pipeline that refuses every name of the rule set, or none. Each trial is a connection of
/// its own; a pipeline serves some of them before a new one takes its place.
class PropertyTrials final : public FindingObserver {
public:
    PropertyTrials(const RuleSet& rules, bool enforced) {
        PipelinePolicy policy;
        policy.enforced = {enforced};
        generation_ = generation_of(rules, policy);
    }

    Outcome run(const StreamCase& stream, const std::vector<Piece>& pieces) {
        begin();
        // Every second stream's sequence numbers wrap in its middle.
        const auto half = static_cast<std::uint32_t>(stream.bytes.size() / 2);
        const std::uint32_t isn = trial_ % 2 ? 0U - half : 1000;
        connect(stream, isn);
        StreamReceiver receiver(stream, isn);
        const std::uint64_t withheld = withheld_segments();
        const auto send_all = [&] {
            for (const Piece& piece : pieces)
                receiver.take(send(stream, kTcpAck | kTcpPsh, isn + 1 + static_cast<std::uint32_t>(piece.from),
                                   kPeerIsn + 1, slice(stream.bytes, piece.from, piece.to - piece.from)));
        };
        send_all();
        if (withheld_segments() != withheld) send_all();  // a part of an answer, until its rest was there
        outcome_.complete = receiver.complete();
        return outcome_;
    }
    /// QUIC datagrams of a client; complete when all came out.
    Outcome run(const std::vector<Buffer>& datagrams) {
        begin();
        std::size_t through = 0;
        for (const Buffer& datagram : datagrams)
            through += passed(process(Side::inside, quic_datagram(datagram, false, 443, client_port())));
        outcome_.complete = through == datagrams.size();
        return outcome_;
    }

    void on_finding(const Finding& finding) noexcept override {
        if (finding.verdict == Verdict::allow) {
            outcome_.names.emplace_back(finding.name);
        } else if (finding.reason != Reason::flow_blocked && outcome_.reason == Reason::none) {
            outcome_.blocked = finding.name;
            outcome_.reason = finding.reason;
        }
    }

private:
    static constexpr std::uint32_t kPeerIsn = 5000;
    static constexpr int kTrialsOfOnePipeline = 32;

    /// What a pipeline works on; it goes before its frames do.
    struct Box {
        VectorIo io;
        LiveCounters counters{};
        Pipeline pipeline;
        Box(const Limits& limits, FindingObserver* observer) : pipeline(limits, io, counters, observer) {}
        ~Box() {
            EXPECT_EQ(balance(counters), 0);
            EXPECT_EQ(io.live(), 0u);
        }
    };

    int client_port() const { return 20000 + trial_; }
    std::uint64_t withheld_segments() const {
        return box_->counters.drops[static_cast<std::size_t>(Reason::ech_withheld)];
    }
    void begin() {
        outcome_ = {};
        if (trial_++ % kTrialsOfOnePipeline != 0) return;
        Limits limits = PipelineHarness::small_limits();
        limits.datagrams = limits.fragments = 4;
        limits.http2_connections = kTrialsOfOnePipeline;
        box_ = std::make_unique<Box>(limits, this);
        box_->pipeline.use(*generation_);
        trial_ = 1;
    }
    std::vector<Sent> process(Side ingress, const Buffer& bytes) {
        Frame* const frame = box_->io.make(ingress, bytes);
        box_->pipeline.process({&frame, 1}, now_ += 1'000'000);
        return std::exchange(box_->io.sent, {});
    }
    std::vector<Sent> send(const StreamCase& stream, int flags, std::uint32_t seq, std::uint32_t ack,
                           const Buffer& payload = {}, bool peer = false) {
        const bool to_client = (stream.sender == Side::outside) != peer;
        TcpFields fields{.source = client_port(), .destination = stream.port, .seq = seq, .ack = ack, .flags = flags};
        Ipv4Fields addresses;
        if (to_client) std::swap(fields.source, fields.destination);
        if (to_client) std::swap(addresses.source, addresses.destination);
        return process(to_client ? Side::outside : Side::inside,
                       ethernet(ipv4(addresses, tcp(fields, payload)), kEtherIpv4, to_client));
    }
    /// The client, whichever side of the stream it is, connects.
    void connect(const StreamCase& stream, std::uint32_t isn) {
        const bool peer = stream.sender == Side::outside;
        const std::uint32_t client = peer ? kPeerIsn : isn, server = peer ? isn : kPeerIsn;
        EXPECT_TRUE(passed(send(stream, kTcpSyn, client, 0, {}, peer)));
        EXPECT_TRUE(passed(send(stream, kTcpSyn | kTcpAck, server, client + 1, {}, !peer)));
        EXPECT_TRUE(passed(send(stream, kTcpAck, client + 1, server + 1, {}, peer)));
    }

    std::unique_ptr<const Generation> generation_;
    std::unique_ptr<Box> box_;
    Outcome outcome_;
    int trial_ = 0;
    Nanoseconds now_ = 1'679'900'400 * kSecond;
};

/// The rules for a corpus, and a pipeline of either kind. What is in the corpus is learned from the corpus itself, in
/// one piece each: `whole(trials, item)` is the outcome.
template <typename Item>
class PropertyCorpus {
public:
    using Whole = Outcome (*)(PropertyTrials&, const Item&);
    PropertyCorpus(std::vector<Item> all, Whole whole) : items(std::move(all)) {
        std::set<std::string> names;
        PropertyTrials learner(small_rules(), false);
        for (const Item& item : items)
            for (const std::string& name : whole(learner, item).names) names.insert(name);
        rules_ = rules_for(names);
        allowing = std::make_unique<PropertyTrials>(*rules_, false);
        enforcing = std::make_unique<PropertyTrials>(*rules_, true);
        for (const Item& item : items) {
            allowed.push_back(whole(*allowing, item));
            enforced.push_back(whole(*enforcing, item));
        }
    }
    /// Whether an item in other pieces comes to the same in either mode: `trial(trials)` is the outcome.
    template <typename Trial>
    ::testing::AssertionResult same(std::size_t index, Trial&& trial) {
        if (const Outcome now = trial(*allowing); now != allowed[index])
            return ::testing::AssertionFailure() << "allowed: " << now << ", and whole: " << allowed[index];
        if (const Outcome now = trial(*enforcing); now != enforced[index])
            return ::testing::AssertionFailure() << "enforced: " << now << ", and whole: " << enforced[index];
        return ::testing::AssertionSuccess();
    }

    std::vector<Item> items;
    std::vector<Outcome> allowed, enforced;  ///< of each item, in one piece
    std::unique_ptr<PropertyTrials> allowing, enforcing;

private:
    std::unique_ptr<RuleSet> rules_;
};

}  // namespace sluis::test
