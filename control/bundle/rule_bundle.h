// The content of a rule bundle: its form, and the features and engine that it may ask for.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "control/bundle/bundle.pb.h"
#include "control/bundle/bundle_error.h"

namespace sluis {

inline constexpr std::uint32_t kBundleFormat = 1;
inline constexpr std::string_view kProduct = "sluis";
/// Stands for every board.
inline constexpr std::string_view kAnyBoard = "*";
/// What this version's matching engine is called in `min_engine`: it rises when rules get a meaning that older boxes
/// would misread.
inline constexpr std::uint32_t kEngineVersion = 1;

/// Reads the signed content. Fails with `payload_malformed`, `format_unknown` or `payload_limit`.
Checked<wire::RuleBundle> read_rule_bundle(std::string_view payload);

/// Whether this version has what `required_features` may name: "rule-suffix", "rule-exact", and so on for each kind of
/// rule, and "self-test".
bool has_feature(std::string_view feature);

/// `engine_too_old` or `feature_unknown`.
Checked<void> check_features(const wire::RuleBundle& bundle);

}  // namespace sluis
