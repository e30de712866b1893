#include "control/guard/dataplane_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluis {

tl::expected<DataplaneWatch, std::string> DataplaneWatch::open(const std::string& runtime_directory) {
    auto way = PathLock::open(runtime_directory);
    if (!way) return tl::unexpected(way.error());
    return DataplaneWatch(runtime_directory, std::move(*way));
}

void DataplaneWatch::refresh() {
    if (way_.is_current()) return;
    if (auto way = PathLock::open(runtime_directory_)) way_ = std::move(*way);
}

Liveness::Sample DataplaneWatch::look() {
    if (const auto holder = way_.holder(); holder != holder_) follow(holder);
    if (!holder_) return {};
    read_counters();
    Liveness::Sample sample{holder_, {}, blind_};
    for (std::size_t i = 0; counters_ && i < counters_->workers(); ++i)
        sample.heartbeats.push_back(counters_->heartbeat(i));
    return sample;
}

/// A process id may be given to another process at any time. It is the holder's as long as that holds the lock, so one
/// that holds it before and after has the descriptor.
void DataplaneWatch::follow(std::optional<pid_t> holder) {
    counters_.reset();
    counters_file_ = 0;
    blind_ = false;
    holder_.reset();
    process_.reset();
    if (!holder) return;
    process_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, *holder, 0)));
    if (process_.valid() && way_.holder() == holder)
        holder_ = holder;
    else
        process_.reset();
}

/// The counters of this process: it publishes them some time after it took the way.
void DataplaneWatch::read_counters() {
    struct stat file {};
    if (::stat(counters_path(runtime_directory_).c_str(), &file) != 0 || file.st_ino == counters_file_) return;
    auto view = CountersView::open(runtime_directory_);
    blind_ = !view;  // of another build
    counters_.reset();
    counters_file_ = file.st_ino;
    if (view && static_cast<pid_t>(view->header().pid) == *holder_) counters_ = std::move(*view);
}

bool DataplaneWatch::end_process(std::chrono::milliseconds wait) const noexcept {
    if (!process_.valid()) return true;
    ::syscall(SYS_pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0);
    pollfd end{process_.get(), POLLIN, 0};
    return ::poll(&end, 1, static_cast<int>(wait.count())) == 1;
}

}  // namespace sluis
