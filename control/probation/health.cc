#include "control/probation/health.h"

#include <fmt/format.h>

namespace sluis {
namespace {

struct Share {
    std::uint64_t part = 0;
    std::uint64_t whole = 0;
    double value() const { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }
};

/// More than ten times of what is enough at the end tells sooner, whatever comes.
constexpr std::uint64_t kSooner = 10;

bool is_too_high(const ShareRule& rule, const Share& before, const Share& after, bool at_end) {
    if (after.part < rule.least * (at_end ? 1 : kSooner)) return false;
    if (before.whole < rule.least_before) return after.value() >= rule.share_alone;
    return after.value() >= rule.share && after.value() >= rule.growth * before.value();
}

HealthFinding finding(ProbationCause cause, const char* what, const Share& before, const Share& after) {
    return {cause, fmt::format("{}: {} of {} ({:.1f} %), and {} of {} ({:.1f} %) before", what, after.part, after.whole,
                               100 * after.value(), before.part, before.whole, 100 * before.value())};
}

}  // namespace

HealthCounts counts_since(const HealthCounts& from, const HealthCounts& to) {
    const auto added = [&](std::uint64_t HealthCounts::*count) {
        return to.*count > from.*count ? to.*count - from.*count : 0;
    };
    return {added(&HealthCounts::frames), added(&HealthCounts::drops), added(&HealthCounts::parse_errors),
            added(&HealthCounts::names), added(&HealthCounts::matches)};
}

HealthFinding judge_counts(const HealthCounts& before, const HealthCounts& after, bool at_end) {
    const Share drops_before{before.drops, before.frames}, drops{after.drops, after.frames};
    if (is_too_high(kDropRule, drops_before, drops, at_end))
        return finding(ProbationCause::drops_rose, "frames dropped for no rule", drops_before, drops);
    const Share errors_before{before.parse_errors, before.frames}, errors{after.parse_errors, after.frames};
    if (is_too_high(kParseRule, errors_before, errors, at_end))
        return finding(ProbationCause::parse_errors_rose, "messages not understood", errors_before, errors);
    const Share matches_before{before.matches, before.names}, matches{after.matches, after.names};
    if (is_too_high(kMatchRule, matches_before, matches, at_end))
        return finding(ProbationCause::matches_rose, "names that the rules match", matches_before, matches);
    return {};
}

}  // namespace sluis
