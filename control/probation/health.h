// Whether a box is well with new rules: what its dataplane counted before they came against what it counts since.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluis {

// clang-format off
#define SLUIS_PROBATION_CAUSES(X) \
    X(none,                "it goes on") \
    X(confirmed,           "somebody confirmed the bundle") \
    X(rolled_back,         "somebody rolled the bundle back") \
    X(expired,             "nobody confirmed the bundle in time; it was rolled back") \
    X(healthy,             "the box stayed well, which confirmed the bundle") \
    X(dataplane_gone,      "the dataplane ended; the bundle was rolled back") \
    X(dataplane_restarted, "the dataplane was started anew; the bundle was rolled back") \
    X(worker_stalled,      "a worker stood still; the bundle was rolled back") \
    X(drops_rose,          "drops that no rule asks for rose; the bundle was rolled back") \
    X(parse_errors_rose,   "messages that are not understood rose; the bundle was rolled back") \
    X(matches_rose,        "the rules match a large share of all names; the bundle was rolled back")
// clang-format on

/// How a probation ends.
enum class ProbationCause : std::uint8_t {
#define X(name, text) name,
    SLUIS_PROBATION_CAUSES(X)
#undef X
};

struct ProbationCauseInfo {
    std::string_view name;  ///< stable: a metric's label
    std::string_view meaning;
};
inline constexpr std::array kProbationCauses{
#define X(name, text) ProbationCauseInfo{#name, text},
    SLUIS_PROBATION_CAUSES(X)
#undef X
};
inline constexpr std::size_t kProbationCauseCount = kProbationCauses.size();
constexpr const ProbationCauseInfo& info(ProbationCause cause) {
    return kProbationCauses[static_cast<std::size_t>(cause)];
}

struct HealthFinding {
    ProbationCause cause = ProbationCause::none;
    std::string message;  ///< one line with the numbers
};

/// Totals, or what was added to them between two moments.
struct HealthCounts {
    std::uint64_t frames = 0;        ///< received, and missed
    std::uint64_t drops = 0;         ///< of kind limit, parse or resource, and missed; by pairs on monitor, too
    std::uint64_t parse_errors = 0;  ///< by reasons of kind parse: drops, refusals and others
    std::uint64_t names = 0;         ///< judged
    std::uint64_t matches = 0;       ///< of them: refused or monitored
    friend bool operator==(const HealthCounts&, const HealthCounts&) = default;
};

/// What was added from `from` to `to`; nothing where a count went back.
HealthCounts counts_since(const HealthCounts& from, const HealthCounts& to);

/// When a share is too high: each bound has to be exceeded.
struct ShareRule {
    std::uint64_t least;         ///< of the part, after; ten times as many before the probation's end
    double share;                ///< of the whole, after
    double growth;               ///< times the share before
    std::uint64_t least_before;  ///< of the whole, for the share before to say anything
    double share_alone;          ///< in place of `share` and `growth` where it does not
};

// Shares and not rates: a network that wakes up in the morning has more of everything. `least` keeps networks with a
// handful of frames from being judged by accidents. Only kinds that rules have a part in count: forged frames (kinds
// invalid and conflict) are anybody's to send, and must not undo an update.
inline constexpr ShareRule kDropRule{200, 0.01, 4, 1000, 0.2};
inline constexpr ShareRule kParseRule{100, 0.005, 4, 1000, 0.1};
/// Phones that are refused try again: a share of a third is nothing special where many have the app.
inline constexpr ShareRule kMatchRule{500, 0.5, 2, 500, 0.8};

/// `at_end`: the probation is over, and there will not be more to judge by. Pure.
HealthFinding judge_counts(const HealthCounts& before, const HealthCounts& after, bool at_end);

}  // namespace sluis
