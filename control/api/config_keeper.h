// Changes of the configuration file: replaced whole, taken up by both programs, and undone when that does not work or
// when nobody confirms it in time, whoever is killed meanwhile (config_journal.h).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/audit_log.h"
#include "control/api/config_journal.h"
#include "control/api/control_config.h"
#include "control/api/job_queue.h"
#include "control/api/problem.h"

namespace sluis {

/// What a request to change the configuration asks for.
struct ConfigWish {
    std::string who;
    std::string comment;
    std::string if_match;               ///< an ETag that has to be the file's; "*": any
    std::uint32_t confirm_seconds = 0;  ///< in which somebody has to confirm it; 0: it stays
};

/// The ETag of a text with this digest, with its quotes.
std::string config_etag(const std::string& digest);

class ConfigKeeper {
public:
    /// `running`: what sluis-control runs by; it outlives this, as `audit` does.
    ConfigKeeper(const std::string& path, const ControlConfig& running, const AuditLog& audit);

    // May be called by any thread.

    /// Of the file, as it was last seen; empty: it cannot be read.
    std::string file_digest() const;
    /// The change that is on its way, or waits for a confirmation.
    std::optional<ConfigJournal> change() const;
    /// What a text would do. Asks the dataplane, for three seconds at the most.
    tl::expected<api::ConfigPlan, Problem> plan(const std::string& text) const;
    /// sluis-control answers requests: a change that had it start again has worked.
    void begin_serving() { serving_ = true; }
    /// sluis-control is to start again, to take up its own part of a change.
    bool wants_restart() const { return wants_restart_; }

    // What follows is for one thread only, and may take as long as a dataplane takes to start.

    /// Undoes what was not confirmed in time, and finishes what was cut off. Call about once a second.
    void look();
    JobQueue::Outcome put(const std::string& text, const ConfigWish& wish);
    JobQueue::Outcome confirm(const ConfigWish& wish);
    /// The change that waits, or else the last one.
    JobQueue::Outcome undo(const ConfigWish& wish);

private:
    using Outcome = JobQueue::Outcome;
    /// One line on how it was taken up, or on why not.
    using Uptake = tl::expected<std::string, std::string>;

    Outcome replace(const std::string& text, const ConfigWish& wish, const char* what);
    tl::expected<void, std::string> write_files(const std::string& former, const std::string& text);
    Outcome finish(const std::string& text);
    Outcome go_back(const std::string& why);
    void resume();
    Uptake take_up(const std::string& text, bool dataplane_ran) const;
    Uptake wait_for_start(const std::string& directory, std::uint32_t pid, const std::string& digest) const;
    bool concerns_control(const std::string& text) const;
    std::string enter(ConfigStage stage);
    void set_journal(std::optional<ConfigJournal> journal);
    void audit(AuditStage stage, const char* what, const ConfigJournal& journal, const std::string& outcome) const;
    void look_at_file();

    ConfigFiles files_;
    const ControlConfig& running_;
    const AuditLog& audit_;
    std::atomic<bool> serving_{false};
    std::atomic<bool> wants_restart_{false};
    mutable std::mutex mutex_;
    std::optional<ConfigJournal> journal_;
    std::string file_digest_;
    std::string file_mark_;
    std::chrono::steady_clock::time_point confirm_end_{};
};

}  // namespace sluis
