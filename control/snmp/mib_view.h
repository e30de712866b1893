// What SLUIS-MIB.txt describes, with its values: made of the control API's answers.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "control/snmp/oid.h"

namespace sluis {

/// A value, and its type in the words of net-snmp's pass_persist.
struct MibValue {
    const char* type;
    std::string text;
    friend bool operator==(const MibValue& a, const MibValue& b) {
        return std::string(a.type) == b.type && a.text == b.text;
    }
};

/// By object identifier, below the arc.
using MibView = std::map<Oid, MibValue>;

/// Bytes of a text: DisplayString's bound (RFC 2579). Longer ones are cut.
inline constexpr std::size_t kMibTextLimit = 255;
/// Rows of sluisPortTable.
inline constexpr std::size_t kMibPortLimit = 64;

/// What the API answered; null where it did not.
struct BoxAnswers {
    nlohmann::ordered_json status;   ///< /v1/status
    nlohmann::ordered_json ruleset;  ///< /v1/ruleset
    nlohmann::ordered_json stats;    ///< /v1/stats
    nlohmann::ordered_json drops;    ///< /v1/stats/drops
    nlohmann::ordered_json ports;    ///< /v1/ports
};

/// Objects whose answer is missing, or is of another shape, are left out; sluisControlAnswers is always there. `now`:
/// seconds since 1970-01-01 UTC.
MibView make_mib_view(const Oid& arc, const BoxAnswers& answers, std::int64_t now);

}  // namespace sluis
