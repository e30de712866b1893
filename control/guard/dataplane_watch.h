// The dataplane's process as sluis-guard sees it: who holds the way, whether that process lives, what its workers
// count.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "control/guard/liveness.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/path_lock.h"

namespace sluis {

class DataplaneWatch {
public:
    static tl::expected<DataplaneWatch, std::string> open(const std::string& runtime_directory);

    /// Cheap: some system calls, and one load a worker.
    Liveness::Sample look();
    /// Becomes readable when the process ends that held the way in the last look; -1: nobody did.
    int process() const noexcept { return process_.get(); }
    /// SIGKILL to that process and to no other one; waits for its end, for so long at the most. Whether it has ended.
    /// One that has not, since the kernel is busy with it, runs no instruction of its own any more.
    bool end_process(std::chrono::milliseconds wait) const noexcept;
    PathLock& way() noexcept { return way_; }
    /// Opens the lock anew when its file is not the one that others open.
    void refresh();

private:
    DataplaneWatch(std::string runtime_directory, PathLock way)
        : runtime_directory_(std::move(runtime_directory)), way_(std::move(way)) {}
    void follow(std::optional<pid_t> holder);
    void read_counters();

    std::string runtime_directory_;
    PathLock way_;
    std::optional<pid_t> holder_;
    FileDescriptor process_;  ///< pidfd_open(2)
    std::optional<CountersView> counters_;
    bool blind_ = false;
    ino_t counters_file_ = 0;
};

}  // namespace sluis
