#include "control/delivery/reconciler.h"

#include <algorithm>
#include <utility>

namespace sluis {
namespace {

constexpr std::string_view kTaken = "taken";

/// A word for each code; an answer that did not come is "unanswered".
std::string_view result_of(command::Code code) {
    switch (code) {
        case command::OK:
            return kTaken;
        case command::MALFORMED:
            return "malformed";
        case command::BUSY:
            return "busy";
        case command::NOT_SEALED:
            return "not_sealed";
        case command::TOO_LARGE:
            return "too_large";
        case command::NO_MEMORY:
            return "no_memory";
        case command::RULES:
            return "rules_refused";
        case command::ZONES:
            return "zones_refused";
        case command::LATE:
            return "late";
        default:
            return "unanswered";
    }
}

}  // namespace

const std::vector<std::string_view>& hand_over_results() {
    static const std::vector<std::string_view> all{kTaken,      "malformed", "busy",          "not_sealed",
                                                   "too_large", "no_memory", "rules_refused", "zones_refused",
                                                   "late",      "unanswered"};
    return all;
}

DataplaneLink::Result<command::State> DataplaneSocket::state() {
    auto link = DataplaneLink::connect(runtime_directory_);
    if (!link) return tl::unexpected(link.error());
    return link->state();
}

DataplaneLink::Result<command::State> DataplaneSocket::offer(std::optional<Bytes> rules, std::optional<Bytes> zones) {
    auto link = DataplaneLink::connect(runtime_directory_);
    if (!link) return tl::unexpected(link.error());
    return link->offer(rules, zones);
}

void Reconciler::want(Wanted wanted) {
    wanted_ = std::move(wanted);
    next_offer_ = {};
    pause_ = kFirstPause;
}

void Reconciler::step(Clock::time_point now, std::int64_t wall) {
    const auto seen = door_.state();
    state_.reachable = seen.has_value();
    if (!seen) {
        state_.rules_in_use = state_.zones_in_use = false;
        state_.trouble = seen.error().message;
        return;
    }
    const bool is_another = seen->pid() != pid_ || seen->generation() != state_.generation;
    if (is_another) next_offer_ = {}, pause_ = kFirstPause;
    pid_ = seen->pid();
    see(*seen);
    if (wanted_.rules == nullptr) return;
    if (state_.rules_in_use && state_.zones_in_use) {
        state_.trouble.clear();
    } else if (now >= next_offer_) {
        offer(now, wall);
    }
}

void Reconciler::see(const command::State& seen) {
    state_.generation = seen.generation();
    state_.rules_digest = seen.rules_digest();
    state_.zones_digest = seen.zones_digest();
    state_.rules_in_use = wanted_.rules != nullptr && seen.rules_digest() == wanted_.rules_digest;
    state_.zones_in_use = wanted_.rules != nullptr && seen.zones_digest() == wanted_.zones_digest;
}

/// Zones go with the rules that they were made for: an offer of rules has both, and ends zones where there are none.
void Reconciler::offer(Clock::time_point now, std::int64_t wall) {
    std::optional<Bytes> rules, zones;
    if (!state_.rules_in_use || wanted_.zones == nullptr) rules = Bytes(*wanted_.rules);
    if (wanted_.zones != nullptr) zones = Bytes(*wanted_.zones);
    const auto taken = door_.offer(rules, zones);
    ++state_.results[result_of(taken ? command::OK : taken.error().code)];
    if (taken) {
        see(*taken);
        state_.taken = wall;
        state_.trouble.clear();
        return;
    }
    state_.trouble = taken.error().message;
    next_offer_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace sluis
