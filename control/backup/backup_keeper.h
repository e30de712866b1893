// Backups of this box: made by a job, kept in memory until somebody fetched them or some minutes went by.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "control/api/audit_log.h"
#include "control/api/job_queue.h"
#include "control/backup/box_files.h"

namespace sluis {

struct BackupWish {
    std::string who;
    std::string comment;
    bool with_keys = false;  ///< private keys, too: without them the file enrols nobody
};

class BackupKeeper {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::minutes kKept{10};

    /// REQUIRES: `config` and `audit` outlive this.
    BackupKeeper(BoxPlaces places, const ControlConfig& config, const AuditLog& audit)
        : places_(std::move(places)), config_(config), audit_(audit) {}

    /// The last one; null when there is none, or not any more. May be called by any thread.
    std::shared_ptr<const std::string> last() const;

    // What follows is for one thread only: the one that installs rules.

    JobQueue::Outcome make(const BackupWish& wish);
    /// Forgets one that is too old. Call now and then.
    void look(Clock::time_point now);

private:
    JobQueue::Outcome read_and_sign(const BackupWish& wish);

    BoxPlaces places_;
    const ControlConfig& config_;
    const AuditLog& audit_;
    mutable std::mutex mutex_;
    std::shared_ptr<const std::string> last_;
    Clock::time_point made_{};
};

}  // namespace sluis
