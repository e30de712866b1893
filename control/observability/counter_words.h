// What the numbers of the counters file are called, in the API and in metrics.
#pragma once

#include <array>
#include <string_view>

#include "dataplane/interface/counters.h"
#include "dataplane/interface/pair_mode.h"
#include "dataplane/packet/frame.h"
#include "dataplane/verdict/reason.h"

namespace sluis {

inline constexpr std::array<Side, 2> kSides{Side::inside, Side::outside};

constexpr std::string_view word_for(Side side) { return side == Side::inside ? "inside" : "outside"; }

/// A dataplane that is newer may know other states.
constexpr std::string_view word_for(LinkState link) {
    const auto index = static_cast<std::size_t>(link);
    return kLinkStateNames[index < kLinkStateNames.size() ? index : 0];
}

/// The same of modes and their causes: of a newer one "unknown".
constexpr std::string_view mode_word(const PairModeRecord& record) {
    return record.mode < kPairModeNames.size() ? kPairModeNames[record.mode] : "unknown";
}
constexpr std::string_view cause_word(const PairModeRecord& record) {
    return record.cause < kModeCauseNames.size() ? kModeCauseNames[record.cause] : "unknown";
}

constexpr std::string_view word_for(ReasonKind kind) {
    constexpr std::array<std::string_view, 8> kWords{"none",    "progress", "policy", "conflict",
                                                     "invalid", "limit",    "parse",  "resource"};
    return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace sluis
