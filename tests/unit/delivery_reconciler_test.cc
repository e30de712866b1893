// What is offered to a dataplane, when, and how often.
#include "control/delivery/reconciler.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sluis {
namespace {

using namespace std::chrono_literals;
using Time = Reconciler::Clock::time_point;

Wanted::Object object(const std::string& text) {
    const Bytes bytes = as_bytes(text);
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

/// Takes what it is offered, as the real one does; or refuses, or is not there.
class FakeDataplane final : public DataplaneDoor {
public:
    DataplaneLink::Result<command::State> state() override {
        if (!runs) return tl::unexpected(DataplaneLink::Error{command::UNKNOWN, "not there"});
        return now();
    }
    DataplaneLink::Result<command::State> offer(std::optional<Bytes> rules, std::optional<Bytes> zones) override {
        offers.push_back((rules ? "rules " : "") + std::string(zones ? "zones" : ""));
        if (refusal != command::OK) return tl::unexpected(DataplaneLink::Error{refusal, "refused so"});
        if (rules) rules_ = std::string(as_text(*rules));
        zones_ = zones ? std::string(as_text(*zones)) : "";
        ++generation;
        return now();
    }
    command::State now() const {
        command::State state;
        state.set_pid(pid);
        state.set_generation(generation);
        state.set_rules_digest(rules_);
        state.set_zones_digest(zones_);
        return state;
    }

    bool runs = true;
    std::uint32_t pid = 7;
    std::uint64_t generation = 1;
    command::Code refusal = command::OK;
    std::string rules_ = "other", zones_;
    std::vector<std::string> offers;
};

class ReconcilerTest : public testing::Test {
protected:
    void want(const std::string& rules, const std::string& zones) {
        reconciler.want({object(rules), rules, zones.empty() ? nullptr : object(zones), zones});
    }
    void step() { reconciler.step(time += 1s, wall += 1); }
    std::vector<std::string> offers() { return std::exchange(dataplane.offers, {}); }
    using Offers = std::vector<std::string>;

    FakeDataplane dataplane;
    Reconciler reconciler{dataplane};
    Time time{};
    std::int64_t wall = 1000;
};

TEST_F(ReconcilerTest, OffersNothingBeforeAnythingIsWanted) {
    step();
    EXPECT_EQ(offers(), Offers{});
    EXPECT_TRUE(reconciler.state().reachable);
    EXPECT_EQ(reconciler.state().rules_digest, "other");
}

TEST_F(ReconcilerTest, OffersWhatIsMissingOnce) {
    want("a", "z");
    step();
    EXPECT_EQ(offers(), Offers{"rules zones"});
    EXPECT_EQ(dataplane.rules_, "a");
    EXPECT_EQ(dataplane.zones_, "z");
    const HandOverState& state = reconciler.state();
    EXPECT_TRUE(state.rules_in_use && state.zones_in_use);
    EXPECT_EQ(state.taken, wall);
    EXPECT_EQ(state.results.at("taken"), 1u);
    step();
    EXPECT_EQ(offers(), Offers{});
}

TEST_F(ReconcilerTest, OffersZonesAloneToRulesThatStay) {
    want("a", "z");
    step();
    offers();
    want("a", "y");
    step();
    EXPECT_EQ(offers(), Offers{"zones"});
    EXPECT_EQ(dataplane.rules_, "a");
    EXPECT_EQ(dataplane.zones_, "y");
}

TEST_F(ReconcilerTest, EndsZonesByAnOfferOfTheRules) {
    want("a", "z");
    step();
    offers();
    want("a", "");
    step();
    EXPECT_EQ(offers(), Offers{"rules "});
    EXPECT_EQ(dataplane.zones_, "");
    EXPECT_TRUE(reconciler.state().zones_in_use);
}

TEST_F(ReconcilerTest, BringsBackADataplaneThatRestartedOrWasGivenSomethingElse) {
    want("a", "z");
    step();
    offers();
    dataplane.rules_ = "from disk", dataplane.zones_ = "", dataplane.pid = 8, dataplane.generation = 1;
    step();
    EXPECT_EQ(offers(), Offers{"rules zones"});
    dataplane.zones_ = "by hand", ++dataplane.generation;
    step();
    EXPECT_EQ(offers(), Offers{"zones"});
}

TEST_F(ReconcilerTest, WaitsForADataplaneThatIsNotThere) {
    dataplane.runs = false;
    want("a", "");
    for (int i = 0; i < 100; ++i) step();
    EXPECT_FALSE(reconciler.state().reachable);
    EXPECT_FALSE(reconciler.state().rules_in_use);
    EXPECT_EQ(reconciler.state().trouble, "not there");
    dataplane.runs = true;
    step();
    EXPECT_EQ(offers(), Offers{"rules "});
    EXPECT_EQ(reconciler.state().trouble, "");
}

TEST_F(ReconcilerTest, OffersWhatIsRefusedLessAndLessOften) {
    dataplane.refusal = command::NO_MEMORY;
    want("a", "z");
    std::vector<int> when;
    for (int second = 1; second <= 240; ++second) {
        step();
        if (!offers().empty()) when.push_back(second);
    }
    EXPECT_EQ(when, (std::vector<int>{1, 2, 4, 8, 16, 32, 64, 124, 184}));
    EXPECT_EQ(reconciler.state().trouble, "refused so");
    EXPECT_EQ(reconciler.state().results.at("no_memory"), 9u);
    EXPECT_FALSE(reconciler.state().rules_in_use);
}

TEST_F(ReconcilerTest, OffersAtOnceWhatIsNew) {
    dataplane.refusal = command::RULES;
    want("a", "z");
    for (int i = 0; i < 70; ++i) step();
    offers();
    dataplane.refusal = command::OK;
    step();
    EXPECT_EQ(offers(), Offers{});
    want("b", "z");
    step();
    EXPECT_EQ(offers(), Offers{"rules zones"});
}

TEST_F(ReconcilerTest, OffersAtOnceToAnotherDataplane) {
    dataplane.refusal = command::RULES;
    want("a", "z");
    for (int i = 0; i < 70; ++i) step();
    offers();
    dataplane.refusal = command::OK;
    dataplane.pid = 9;
    step();
    EXPECT_EQ(offers(), Offers{"rules zones"});
}

TEST_F(ReconcilerTest, NamesEveryResultForMetrics) {
    const auto& known = hand_over_results();
    for (int code = command::UNKNOWN; code <= command::LATE; ++code) {
        if (code == command::OK) continue;
        dataplane.refusal = static_cast<command::Code>(code);
        want(std::to_string(code), "");
        step();
    }
    EXPECT_EQ(reconciler.state().results.size() + 1, known.size());
    for (const auto& [name, count] : reconciler.state().results) {
        EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << name;
        EXPECT_EQ(count, 1u);
    }
}

}  // namespace
}  // namespace sluis
