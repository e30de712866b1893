// Brings the dataplane to judge by what it should: compares what is wanted with what it says of itself, and offers what
// is missing. It does not matter why it is missing: a dataplane that started later, or was given something else.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/dataplane_link/dataplane_link.h"

namespace sluis {

/// What the dataplane is to judge by. The objects are shared with whoever made them, and never change.
struct Wanted {
    using Object = std::shared_ptr<const std::vector<std::byte>>;
    Object rules;  ///< a compiled set; null: it is not known yet, and the dataplane is left as it is
    std::string rules_digest;
    Object zones;  ///< null: none, [policy] of sluis.toml holds for everybody
    std::string zones_digest;
};

/// The dataplane as a reconciler needs it.
class DataplaneDoor {
public:
    virtual ~DataplaneDoor() = default;
    virtual DataplaneLink::Result<command::State> state() = 0;
    virtual DataplaneLink::Result<command::State> offer(std::optional<Bytes> rules, std::optional<Bytes> zones) = 0;
};

/// A connection for each piece of work, as dataplane_link wants it.
class DataplaneSocket final : public DataplaneDoor {
public:
    explicit DataplaneSocket(std::string runtime_directory) : runtime_directory_(std::move(runtime_directory)) {}
    DataplaneLink::Result<command::State> state() override;
    DataplaneLink::Result<command::State> offer(std::optional<Bytes> rules, std::optional<Bytes> zones) override;

private:
    std::string runtime_directory_;
};

/// How it stands between what is wanted and what is in use.
struct HandOverState {
    bool reachable = false;     ///< the dataplane answered the last question
    bool rules_in_use = false;  ///< the wanted ones
    bool zones_in_use = false;  ///< the wanted ones, or none where none are
    std::string trouble;        ///< why not; one line
    std::int64_t taken = 0;     ///< when it last took an offer, seconds since 1970-01-01 UTC; 0: never
    std::string rules_digest;   ///< of what it judges by
    std::string zones_digest;
    std::uint64_t generation = 0;
    std::map<std::string_view, std::uint64_t> results;  ///< offers, by what came of them: hand_over_results()
};

/// Every word that HandOverState::results may have.
const std::vector<std::string_view>& hand_over_results();

class Reconciler {
public:
    using Clock = std::chrono::steady_clock;
    /// Between two offers of the same, after each that failed twice as long.
    static constexpr std::chrono::seconds kFirstPause{1}, kLongestPause{60};

    explicit Reconciler(DataplaneDoor& door) : door_(door) {}

    /// What is wanted from now on; it is offered with the next step.
    void want(Wanted wanted);
    /// One look, and one offer where it is due. May take as long as DataplaneLink::kAnswerTime. `wall`: seconds since
    /// 1970-01-01 UTC.
    void step(Clock::time_point now, std::int64_t wall);
    const HandOverState& state() const { return state_; }

private:
    void see(const command::State& seen);
    void offer(Clock::time_point now, std::int64_t wall);

    DataplaneDoor& door_;
    Wanted wanted_;
    HandOverState state_;
    std::uint32_t pid_ = 0;
    Clock::time_point next_offer_{};
    std::chrono::seconds pause_ = kFirstPause;
};

}  // namespace sluis
