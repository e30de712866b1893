// From zones as lists to the table that the dataplane looks clients up in (dataplane/interface/zone_table.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/zone_table.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {

/// A zone: whom it is for, and what it does. An empty list of a kind lets everybody through.
struct ZoneEntry {
    std::string name;
    std::string language;
    std::vector<std::uint16_t> vlans;  ///< identifiers, 0 to 4094; 0: frames without one
    std::vector<std::string> pairs;
    std::vector<AddressPrefix> prefixes;                ///< of clients
    std::optional<std::vector<std::uint64_t>> devices;  ///< device_number(); a list that is there, if empty, lets
                                                        ///< nobody through
    std::vector<ZoneMode> modes;                        ///< one for each category
};

struct ZonePlan {
    std::string rule_set_digest;  ///< RuleSet::digest()
    std::uint64_t generation = 0;
    std::vector<std::string> categories;  ///< the rule set's, in its order
    std::vector<ZoneEntry> zones;         ///< the last one has no matcher
};

/// Writes a table that ZoneTable::load accepts. The error is one line: which zone, and what is wrong.
tl::expected<std::vector<std::byte>, std::string> make_zone_table(const ZonePlan& plan);

}  // namespace sluis
