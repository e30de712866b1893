// What sluis-guard says of itself, in a file that everybody may read who may read counters: `guard.json` in the runtime
// directory, replaced as a whole at every change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace sluis {

/// What becomes of a pair's frames.
enum class Passage : std::uint8_t {
    dataplane,  ///< the dataplane has the pair
    bypassed,   ///< they cross without it, uninspected
    closed,     ///< none cross: that is the policy
    cut,        ///< none cross, although they should: there is no bypass, or it fails
};
inline constexpr std::array<std::string_view, 4> kPassageNames{"dataplane", "bypassed", "closed", "cut"};
constexpr std::string_view name(Passage passage) noexcept { return kPassageNames[static_cast<std::size_t>(passage)]; }

/// Why that is so.
enum class PassageCause : std::uint8_t {
    forwarding,  ///< a dataplane took the way
    absent,      ///< there was none when sluis-guard started
    ended,       ///< its process ended, in whatever way
    hung,        ///< a worker stood still, and the process was ended
    policy,      ///< the configuration or a mode was changed while there was none
};
inline constexpr std::array<std::string_view, 5> kPassageCauseNames{"forwarding", "absent", "ended", "hung", "policy"};
constexpr std::string_view name(PassageCause cause) noexcept {
    return kPassageCauseNames[static_cast<std::size_t>(cause)];
}

struct GuardedPair {
    std::string pair;
    std::string method;  ///< "kernel-bridge", "relays" or "none"
    std::string policy;  ///< "open" or "closed"
    Passage passage = Passage::dataplane;
    PassageCause cause = PassageCause::absent;
    std::int64_t since = 0;      ///< seconds since 1970-01-01 UTC
    std::string trouble;         ///< one line; empty: none
    std::uint64_t failures = 0;  ///< times that the dataplane left the pair, over all starts of sluis-guard since boot
    std::uint64_t hangs = 0;     ///< of these
    Passage former = Passage::dataplane;  ///< what became of frames before `since`; why, and since when that was so
    PassageCause former_cause = PassageCause::absent;
    std::int64_t former_since = 0;  ///< 0: it is not known
};

struct GuardState {
    std::int64_t pid = 0;
    std::int64_t started = 0;  ///< seconds since 1970-01-01 UTC
    std::vector<GuardedPair> pairs;
};

std::string guard_state_path(const std::string& runtime_directory);

std::string to_json(const GuardState& state);
/// Nothing when the text is no such state.
std::optional<GuardState> guard_state_from_json(std::string_view text);

/// Nothing when there is none.
std::optional<GuardState> read_guard_state(const std::string& runtime_directory);
/// Mode 0640. It is of this boot alone, so no disk is waited for.
tl::expected<void, std::string> write_guard_state(const std::string& runtime_directory, const GuardState& state);

/// Whether the process that wrote it is there.
bool is_running(const GuardState& state);

}  // namespace sluis
