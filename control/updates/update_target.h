// The box as pulling sees it: which rules it has, and the one way to change them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "control/bundle/freshness.h"
#include "control/bundle/key_set.h"

namespace sluis {

/// What pulling asks of the store.
struct BoxRules {
    KeySet keys;
    std::optional<FreshnessNote> note;  ///< the newest that the store knows
    std::uint64_t sequence = 0;         ///< a newer bundle exceeds it
    std::string rolled_back;            ///< SHA-256 of the bundle that was rolled back last, hexadecimal; empty: none
    bool pending = false;               ///< a bundle is on probation
};

struct UpdateRefusal {
    std::uint32_t code = 0;  ///< of control/bundle's list; 0 for others
    std::string name;
    std::string message;
};
/// One line for people, or what was refused.
using UpdateOutcome = tl::expected<std::string, UpdateRefusal>;

/// How a bundle is to be installed.
struct UpdateInstall {
    std::string who;        ///< for the audit record
    std::string comment;    ///< likewise
    bool by_health = true;  ///< a box that stays well confirms by itself
};

/// Called by the updater's thread; may take minutes, and no longer than until the updater ends.
class UpdateTarget {
public:
    virtual ~UpdateTarget() = default;
    virtual tl::expected<BoxRules, std::string> look() = 0;
    virtual UpdateOutcome take_note(const std::string& file) = 0;
    virtual UpdateOutcome dry_run(const std::string& file) = 0;
    virtual UpdateOutcome install(const std::string& file, const UpdateInstall& how) = 0;
};

}  // namespace sluis
