// A pipeline between a client and a server that follow their protocols, and what comes out of it: for targets whose
// inputs say how a message is sent, not which bytes are.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "control/rules/rule_compiler.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/pipeline.h"
#include "tests/unit/frame_builder.h"
#include "tests/unit/generation_maker.h"

namespace sluis::fuzz {

inline void require(bool condition) {
    if (!condition) std::abort();
}

/// Refuses tiktok.com and all below it.
inline const RuleSet& tiktok_rules() {
    static const std::unique_ptr<RuleSet> loaded = [] {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(
            "category = \"tiktok\"\ndefault = \"on\"\ncomment = \"fuzz\"\nsource = \"fuzz\"\n"
            "suffix = [ { name = \"tiktok.com\", comment = \"fuzz\" } ]\n",
            "fuzz.toml", source, errors);
        auto result = compile_and_load(source);
        require(errors.empty() && result.has_value());
        return std::move(*result);
    }();
    return *loaded;
}

/// Takes frames one by one; each in a block of its exact size.
class Delivery final : public FrameIo {
public:
    Delivery() : pipeline_(limits(), *this, counters_) { pipeline_.use(generation()); }
    ~Delivery() {
        require(balance(counters_) == 0);
        pipeline_.give_up_held();
        require(balance(counters_) == 0 && counters_.held_frames == 0);
    }

    /// Whether the frame itself comes out; what the box makes is thrown away.
    bool passes(Side ingress, const test::Buffer& bytes) {
        received_ = std::make_unique<std::byte[]>(bytes.size());
        std::copy(bytes.begin(), bytes.end(), received_.get());
        frame_ = Frame{.data = received_.get(), .length = static_cast<std::uint32_t>(bytes.size()), .ingress = ingress};
        passed_ = given_back_ = false;
        Frame* const frame = &frame_;
        pipeline_.process({&frame, 1}, now_ += 1'000'000);
        require(given_back_ && std::equal(bytes.begin(), bytes.end(), received_.get()));
        return passed_;
    }
    void wait(Nanoseconds time) { pipeline_.tick(now_ += time); }

private:
    static const Generation& generation() {
        static const auto made = [] {
            PipelinePolicy policy;
            policy.enforced = {true};
            return test::generation_of(tiktok_rules(), policy);
        }();
        return *made;
    }
    struct Made {
        Frame frame;
        std::unique_ptr<std::byte[]> block;
    };
    static Limits limits() {
        Limits limits;
        limits.flows = limits.small_streams = limits.quic_connections = 16;
        limits.large_streams = limits.datagrams = limits.fragments = limits.http2_connections = 4;
        return limits;
    }
    void transmit(Side side, std::span<Frame* const> frames) noexcept override {
        for (const Frame* frame : frames) {
            require(side == opposite(frame->ingress) && frame->next == nullptr);
            give_back(frame, true);
        }
    }
    void drop(std::span<Frame* const> frames) noexcept override {
        for (const Frame* frame : frames) give_back(frame, false);
    }
    Frame* allocate(std::uint32_t size) noexcept override {
        made_.push_back(std::make_unique<Made>());
        Made& made = *made_.back();
        made.block = std::make_unique<std::byte[]>(size);
        made.frame.data = made.block.get();
        made.frame.length = size;
        return &made.frame;
    }
    void give_back(const Frame* frame, bool sent) noexcept {
        if (frame == &frame_) {
            require(!given_back_);
            given_back_ = true;
            passed_ = sent;
            return;
        }
        const auto found =
            std::find_if(made_.begin(), made_.end(), [&](const auto& made) { return &made->frame == frame; });
        require(found != made_.end());
        made_.erase(found);
    }

    LiveCounters counters_{};
    std::vector<std::unique_ptr<Made>> made_;
    std::unique_ptr<std::byte[]> received_;
    Frame frame_;
    bool passed_ = false, given_back_ = false;
    Nanoseconds now_ = 1'679'900'400 * kSecond;
    Pipeline pipeline_;
};

}  // namespace sluis::fuzz
