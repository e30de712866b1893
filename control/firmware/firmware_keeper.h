// The firmware on this box as the API shows and changes it: RAUC's slots, which of them runs, and what is installed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/audit_log.h"
#include "control/api/job_queue.h"
#include "control/firmware/rauc_client.h"

namespace sluis {

struct FirmwareSettings {
    RaucAddress rauc{};
    std::string restart_file{};  ///< where there is one, the box starts again; boards/common has who looks for it
    std::string reset_file{};    ///< the same; it forgets all that is its own before
    /// A file a slot, called as the boot loader calls that, with the version that was good in it last.
    std::string proven_folder = "/run/sluis-firmware";
    std::chrono::milliseconds look_at_progress{500};
};

struct FirmwareChange {
    std::string who;
    std::string comment;
    std::string source;  ///< of a bundle to install
};

class FirmwareKeeper {
public:
    FirmwareKeeper(FirmwareSettings settings, const AuditLog& audit);

    /// What was last seen. Its member `trouble` says why nothing was: most machines have no RAUC. May be called by any
    /// thread.
    std::shared_ptr<const api::Firmware> view() const;

    // What follows is for one thread only.

    void look();
    /// Writes the other slot, and makes it the next start's first choice. Takes minutes.
    JobQueue::Outcome install(const FirmwareChange& change);
    /// Ends the trial of the slot that runs. The box does it by itself once it does its work.
    JobQueue::Outcome confirm(const FirmwareChange& change);
    JobQueue::Outcome restart(const FirmwareChange& change);
    /// The box forgets configuration, keys, rules and counts, and starts again with the same firmware.
    JobQueue::Outcome reset(const FirmwareChange& change);

private:
    using Work = std::function<JobQueue::Outcome()>;
    JobQueue::Outcome on_record(const char* what, const FirmwareChange& change, const Work& work);
    /// Makes a file that another program of the box looks for; `said` is what then happens.
    JobQueue::Outcome ask_for(const std::string& file, std::string said);
    JobQueue::Outcome write_slot(const std::string& source);
    /// Until RAUC has nothing to do any more. The error is its own.
    tl::expected<void, std::string> follow(const std::string& source);
    tl::expected<const RaucClient*, std::string> rauc();
    tl::expected<FirmwareProgress, std::string> see_progress();
    void publish(api::Firmware next);

    FirmwareSettings settings_;
    const AuditLog& audit_;
    std::optional<RaucClient> client_;
    mutable std::mutex mutex_;
    std::shared_ptr<const api::Firmware> view_;
};

}  // namespace sluis
