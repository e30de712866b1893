// The policy of a site: who is treated how, from when to when, and which names pass all the same. policy.toml:
//
//   [policy]
//   time_zone = "Europe/Brussels"     # of the dates and times below that name no offset
//
//   [[zone]]                          # the first zone that matches a client is the client's
//   name = "visitors"
//   vlans = [20, "30-39", "untagged"] # of the outermost or the innermost tag
//   prefixes = ["10.1.0.0/16"]        # the client's address
//   pairs = ["pair0"]                 # the ports' pair, as sluis.toml calls it
//   devices = "tablets.csv"           # the client's MAC address is in that file, beside this one
//   language = "nl"                   # of texts for people
//     [[zone.rule]]
//     categories = ["tiktok"]         # left out: all that the rule set has on by default and no other rule names
//     mode = "enforce"                # or "monitor", "off"
//     from = 2023-03-27               # a date is its beginning
//     review_by = 2023-09-27          # an alarm from then on, and nothing else
//     until = 2024-01-01T00:00:00     # the rule ends there
//
//   [[allow]]                         # the name and all below it pass, whatever the rule set says
//   name = "campaign.example"
//   owner = "press office"
//   reason = "our own campaign"
//   until = 2023-12-31
//
// A zone's kinds of matcher all have to match, of a kind's values one. A zone without any is for everybody, and the
// last one. A category for which no rule of the zone is in force is off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/policy/device_list.h"
#include "control/policy/time_zone.h"
#include "dataplane/interface/zone_table.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {

/// The zone of whoever is in no other, where the policy has none such: everything is off there.
inline constexpr const char* kElsewhere = "everybody-else";

struct ZoneRule {
    std::vector<std::string> categories;  ///< empty: those that are on by default and named by no rule in force
    ZoneMode mode = ZoneMode::off;
    /// Seconds since 1970-01-01 UTC. The rule is in force from `from` on and no longer at `until`.
    std::optional<std::int64_t> from, review_by, until;
    std::size_t line = 0;
};

struct PolicyZone {
    std::string name;
    std::vector<std::uint16_t> vlans;  ///< ascending; 0: frames without a tag
    std::vector<std::string> pairs;
    std::vector<AddressPrefix> prefixes;
    std::string device_file;  ///< as written; empty: devices do not matter
    DeviceList devices;
    std::string language;
    std::vector<ZoneRule> rules;
    std::size_t line = 0;  ///< 0: the one that no file wrote, kElsewhere

    bool is_for_everybody() const { return vlans.empty() && pairs.empty() && prefixes.empty() && device_file.empty(); }
};

struct AllowedName {
    std::string name;  ///< normalised
    std::string owner;
    std::string reason;
    std::int64_t until = 0;  ///< seconds since 1970-01-01 UTC
    std::size_t line = 0;
};

struct Policy {
    std::string file;
    std::optional<TimeZone> time_zone;  ///< none: every time of the file has an offset
    std::vector<PolicyZone> zones;      ///< one at least; the last one is for everybody
    std::vector<AllowedName> allowed;
    std::vector<std::string> warnings;  ///< one line each

    /// A moment as people of the site read it.
    std::string show(std::int64_t time) const;
};

}  // namespace sluis
