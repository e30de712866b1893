#include "tests/bench/script.h"

#include <algorithm>

#include "tests/bench/browser_hello.h"
#include "tests/bench/script_parts.h"

namespace sluis::bench {
namespace {

constexpr std::uint32_t kFramesOfOneSide = 64;  ///< a burst of the bridge
constexpr std::uint32_t kFlows = 256;           ///< of a loop of one class alone

std::uint32_t phase_of(Script& script, std::string_view name) {
    const auto found = std::find(script.phases.begin(), script.phases.end(), name);
    if (found != script.phases.end()) return static_cast<std::uint32_t>(found - script.phases.begin());
    script.phases.emplace_back(name);
    return static_cast<std::uint32_t>(script.phases.size() - 1);
}

std::uint32_t add_flow(Script& script, FlowTuple tuple) {
    script.flows.push_back(tuple);
    return static_cast<std::uint32_t>(script.flows.size() - 1);
}

/// Counts what a flow will make the counters say.
void expect(Script& script, const FlowScript& flow) {
    script.names[static_cast<std::size_t>(flow.protocol)] += flow.names;
    script.tcp_flows += flow.protocol == Protocol::tls;
    script.quic_connections += flow.protocol == Protocol::quic;
    script.kept += flow.kept;
    ++script.messages;
}

/// The flows of one class, side by side: the first step of all, then the second of all. One phase a step.
Script phased(const std::vector<FlowScript>& flows) {
    Script script;
    script.phases.clear();
    std::size_t longest = 0;
    for (const FlowScript& flow : flows) {
        expect(script, flow);
        add_flow(script, FlowTuple::fresh);
        longest = std::max(longest, flow.steps.size());
    }
    for (std::size_t at = 0; at < longest; ++at)
        for (std::uint32_t flow = 0; flow < flows.size(); ++flow) {
            const auto& steps = flows[flow].steps;
            if (at >= steps.size() || steps[at].with_previous) continue;
            std::size_t i = at;
            do {
                script.frames.push_back({steps[i].ingress, flow, phase_of(script, steps[i].phase), steps[i].bytes});
            } while (++i < steps.size() && steps[i].with_previous);
        }
    return script;
}

/// Sizes of data frames: IMIX in shuffled dozens, or all the same.
class Sizes {
public:
    Sizes(std::uint32_t fixed, std::mt19937& random) : fixed_(fixed), random_(random) {}
    std::size_t next() {
        if (fixed_ != 0) return fixed_;
        if (at_ == dozen_.size()) {
            std::shuffle(dozen_.begin(), dozen_.end(), random_);
            at_ = 0;
        }
        return dozen_[at_++];
    }

private:
    std::uint32_t fixed_;
    std::mt19937& random_;
    std::array<std::uint32_t, 12> dozen_{60, 60, 60, 60, 60, 60, 60, 590, 590, 590, 590, 1514};
    std::size_t at_ = 12;
};

/// Frames in bursts of either side in turn, as a bridge receives them: each slot holds a step of a flow or data.
class Timetable {
public:
    /// Puts a flow's steps into slots, from burst pair `start` on: an answer no earlier than one pair later.
    void add(const FlowScript& flow, std::uint32_t number, std::uint32_t start) {
        std::uint32_t at = start;
        for (std::size_t i = 0; i < flow.steps.size(); ++i) {
            const auto side = static_cast<std::size_t>(flow.steps[i].ingress);
            const std::uint32_t together =
                1 + static_cast<std::uint32_t>(i + 1 < flow.steps.size() && flow.steps[i + 1].with_previous);
            if (!flow.steps[i].with_previous) {
                at += i != 0;
                while (pair(at)[side].size() + together > kFramesOfOneSide) ++at;
            }
            pair(at)[side].push_back({flow.steps[i].ingress, number, 0, flow.steps[i].bytes});
        }
    }
    std::array<std::vector<ScriptFrame>, 2>& pair(std::uint32_t at) {
        if (at >= pairs_.size()) pairs_.resize(at + 1);
        return pairs_[at];
    }
    std::size_t pairs() const { return pairs_.size(); }

private:
    std::vector<std::array<std::vector<ScriptFrame>, 2>> pairs_;
};

/// Fills one side of a burst pair up with data, the steps of flows strewn among it in their order.
void fill(Script& script, std::vector<ScriptFrame>& steps, Side side, Sizes& sizes, std::mt19937& random) {
    std::size_t next = 0;
    for (std::uint32_t left = kFramesOfOneSide; left > 0; --left) {
        if (random() % left < steps.size() - next) {
            script.frames.push_back(std::move(steps[next++]));
            continue;
        }
        const std::uint32_t flow = add_flow(script, FlowTuple::settled);
        script.frames.push_back({side, flow, 0, tcp_data_frame(side == Side::outside, sizes.next())});
    }
}

/// By frames: 90 % data of settled flows both ways (a ServerHello among them), 4 % TCP set-up and tear-down, 3 % DNS
/// questions and answers, 1.5 % ClientHellos of which half take two segments, 1.5 % QUIC Initials of which half take
/// two datagrams. So of each thousand frames ten belong to each step of a TCP flow.
Script mixed_script(const ScriptOptions& options) {
    Script script;
    std::mt19937 random(options.seed);
    NameSource names(options.seed, options.forbidden_each);
    const std::uint32_t frames = options.frames ? options.frames : 4096;
    const std::uint32_t pairs = std::max(frames / (2 * kFramesOfOneSide), 8u);
    const double thousands = pairs * 2 * kFramesOfOneSide / 1000.0 * options.inspected / 100.0;
    Timetable timetable;
    timetable.pair(pairs - 1);
    constexpr std::uint32_t kLongest = 7;
    const auto add = [&](const FlowScript& flow) {
        expect(script, flow);
        timetable.add(flow, add_flow(script, FlowTuple::fresh), random() % (pairs - kLongest));
    };
    for (int i = 0; i < static_cast<int>(10 * thousands); ++i) {
        const bool two = i % 2 != 0;
        add(tls_flow(names.next(), two ? kLargeHello : kSmallHello, true));
        add(quic_flow(names.next(), two ? kLargeHello : kSmallHello, two ? 2 : 1, random));
    }
    for (int i = 0; i < static_cast<int>(15 * thousands); ++i) {
        add(dns_question(names.next()));
        add(dns_answer(names.next()));
    }
    Sizes sizes(options.frame_size, random);
    for (std::uint32_t at = 0; at < timetable.pairs(); ++at)
        for (const Side side : {Side::inside, Side::outside})
            fill(script, timetable.pair(at)[static_cast<std::size_t>(side)], side, sizes, random);
    return script;
}

/// Data of settled flows alone, in bursts of either side in turn.
Script data_script(Buffer (*frame_of)(bool, std::size_t), std::uint32_t size, const ScriptOptions& options) {
    Script script;
    std::mt19937 random(options.seed);
    Sizes sizes(options.frame_size ? options.frame_size : size, random);
    const std::uint32_t frames = options.frames ? options.frames : 1024;
    for (std::uint32_t i = 0; i < frames; ++i) {
        const Side side = i / kFramesOfOneSide % 2 ? Side::outside : Side::inside;
        const std::uint32_t flow = add_flow(script, FlowTuple::settled);
        script.frames.push_back({side, flow, 0, frame_of(side == Side::outside, sizes.next())});
    }
    return script;
}

/// `count` times what `make` makes.
template <typename Make>
Script repeated(const ScriptOptions& options, Make&& make) {
    std::vector<FlowScript> flows;
    for (std::uint32_t i = 0; i < (options.frames ? options.frames : kFlows); ++i) flows.push_back(make());
    return phased(flows);
}

/// Attacks come at line rate: tables fill up, and what the counters say then is not expected.
Script unexpecting(Script script) {
    script.names = {};
    script.tcp_flows = script.quic_connections = script.kept = 0;
    return script;
}

/// Without SYN, SYN-ACK and ACK.
FlowScript midstream(FlowScript flow) {
    flow.steps.erase(flow.steps.begin(), flow.steps.begin() + 3);
    return flow;
}

/// Of the datagrams of a hello in two, only the first comes, or one whose last byte is wrong.
FlowScript broken_quic(FlowScript flow, bool forged) {
    flow.steps.resize(1);
    if (forged) flow.steps[0].bytes.back() ^= std::byte{1};
    flow.kept = !forged;
    return flow;
}

}  // namespace

Script make_script(TrafficClass traffic_class, const ScriptOptions& options) {
    NameSource names(options.seed, options.forbidden_each);
    std::mt19937 random(options.seed);
    switch (traffic_class) {
        case TrafficClass::tcp_64:
            return data_script(tcp_data_frame, 60, options);
        case TrafficClass::imix:
            return data_script(tcp_data_frame, 0, options);
        case TrafficClass::quic_data:
            return data_script(quic_data_frame, 0, options);
        case TrafficClass::dns_questions:
            return repeated(options, [&] { return dns_question(names.next()); });
        case TrafficClass::dns_answers:
            return repeated(options, [&] { return dns_answer(names.next()); });
        case TrafficClass::dns_worst:
            return repeated(options, [] { return dns_worst_answer(); });
        case TrafficClass::hello_1:
            return repeated(options, [&] { return tls_flow(names.next(), kSmallHello, false); });
        case TrafficClass::hello_2:
            return repeated(options, [&] { return tls_flow(names.next(), kLargeHello, false); });
        case TrafficClass::hello_1_alone:
            return repeated(options, [&] { return midstream(tls_flow(names.next(), kSmallHello, false)); });
        case TrafficClass::hello_2_alone:
            return repeated(options, [&] { return midstream(tls_flow(names.next(), kLargeHello, false)); });
        case TrafficClass::quic_1:
            return repeated(options, [&] { return quic_flow(names.next(), kSmallHello, 1, random); });
        case TrafficClass::quic_2:
            return repeated(options, [&] { return quic_flow(names.next(), kLargeHello, 2, random); });
        case TrafficClass::mixed:
            return mixed_script(options);
        case TrafficClass::syn_flood:
            return unexpecting(repeated(options, [] { return syn_alone(); }));
        case TrafficClass::initial_flood:
            return unexpecting(
                repeated(options, [&] { return broken_quic(quic_flow(names.next(), kLargeHello, 2, random), false); }));
        case TrafficClass::forged_flood:
            return unexpecting(
                repeated(options, [&] { return broken_quic(quic_flow(names.next(), kSmallHello, 1, random), true); }));
        case TrafficClass::fragments:
            return unexpecting(repeated(options, [] { return fragment_alone(); }));
    }
    return {};
}

}  // namespace sluis::bench
