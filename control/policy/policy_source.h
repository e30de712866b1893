// From policy.toml to a Policy.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "control/policy/policy.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

inline constexpr std::size_t kPolicyFileLimit = std::size_t{1} << 20;  ///< bytes
inline constexpr std::size_t kZoneRuleLimit = 256;                     ///< of one zone
inline constexpr std::size_t kZonePrefixLimit = 4096;                  ///< of all zones
inline constexpr std::size_t kAllowedNameLimit = 4096;

using Lines = std::vector<std::string>;
/// Gives the content of a device list, or says in one line why there is none.
using ReadDeviceFile = std::function<tl::expected<std::string, std::string>(const std::string& name)>;

/// Reads a policy, and the device lists that lie beside it or below. The errors are one line each, all that were found:
/// file:line:column, what is wrong, and what to do.
tl::expected<Policy, Lines> read_policy(const std::string& path);
/// The same, over text; `file` names it in messages.
tl::expected<Policy, Lines> read_policy_text(std::string_view text, const std::string& file,
                                             const ReadDeviceFile& read_device_file);

/// Which rules name categories that the rule set does not have; one line each.
Lines unknown_categories(const Policy& policy, std::span<const Category> categories);

/// Reads a moment as policy.toml writes it, or seconds since 1970 as "@1679868000". `zone`: for times without an
/// offset; null: UTC.
tl::expected<std::int64_t, std::string> read_moment(std::string_view text, const TimeZone* zone);

/// A whole text file that is no larger than `limit`. The error is one line.
tl::expected<std::string, std::string> read_policy_file(const std::string& path, std::size_t limit);

}  // namespace sluis
