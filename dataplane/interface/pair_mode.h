// How a port pair is run, and why: words that the configuration, commands, counters and the API share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluis {

enum class PairMode : std::uint8_t {
    in_line,  ///< frames are inspected, and refused by the rules: the ordinary mode
    monitor,  ///< frames are inspected, and what would be refused is counted; each goes on as it came, at once
    wire,     ///< frames are moved, and nobody looks at them
    closed,   ///< no frame crosses, of whatever protocol
};
inline constexpr std::array<std::string_view, 4> kPairModeNames{"inline", "monitor", "wire", "closed"};

/// Why a pair is in its mode.
enum class ModeCause : std::uint8_t {
    configuration,  ///< the file says so
    command,        ///< somebody asked for it
    expiry,         ///< the time of a change was over
};
inline constexpr std::array<std::string_view, 3> kModeCauseNames{"configuration", "command", "expiry"};

constexpr std::string_view name(PairMode mode) noexcept { return kPairModeNames[static_cast<std::size_t>(mode)]; }
constexpr std::string_view name(ModeCause cause) noexcept { return kModeCauseNames[static_cast<std::size_t>(cause)]; }

constexpr std::optional<PairMode> find_pair_mode(std::string_view text) noexcept {
    for (std::size_t i = 0; i < kPairModeNames.size(); ++i)
        if (kPairModeNames[i] == text) return static_cast<PairMode>(i);
    return std::nullopt;
}

/// Whether frames are read in a mode, so that what is known of flows stays true.
constexpr bool inspects(PairMode mode) noexcept { return mode == PairMode::in_line || mode == PairMode::monitor; }

}  // namespace sluis
