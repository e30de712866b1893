// Who changed what: JSON lines in EVE's shape, in a file of its own.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "control/api/caller.h"

namespace sluis {

/// How far a change has come when a line is written.
enum class AuditStage { begun, done, failed };

struct AuditRecord {
    std::string who;   ///< Caller::name
    std::string what;  ///< "ruleset.install", …
    std::string comment;
    std::string outcome;  ///< one line, of a change that ended
};

/// The file is opened for each line, so that it may be moved away at any time; at kAuditFileLimit bytes it becomes
/// PATH.1, which replaces an older one. May be called by any thread.
class AuditLog {
public:
    /// Is given the member `audit` of each line that was written. May be called by any thread.
    using Listener = std::function<void(const nlohmann::ordered_json& audit)>;
    explicit AuditLog(std::string path, Listener listener = {})
        : path_(std::move(path)), listener_(std::move(listener)) {}

    /// Writes a line, to the disk. Nothing is changed of which the first line cannot be written.
    tl::expected<void, std::string> write(AuditStage stage, const AuditRecord& record,
                                          const nlohmann::ordered_json& before,
                                          const nlohmann::ordered_json& after) const;

private:
    std::string path_;
    Listener listener_;
};

inline constexpr long kAuditFileLimit = 16L << 20;  ///< bytes

}  // namespace sluis
