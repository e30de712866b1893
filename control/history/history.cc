#include "control/history/history.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "control/api/log.h"

namespace sluis {
namespace {

/// A start within this time after the last writing, and so much more, is no outage of sluis-control, seconds.
constexpr std::int64_t kGap = 60;

std::string aside(const std::string& file) { return file + ".broken"; }

std::uint64_t size_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

bool is_there(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace

History::History(HistoryConfig config, Clock clock) : config_(std::move(config)), clock_(std::move(clock)) {
    open();
    thread_ = std::thread([this] { keep(); });
}

void History::stop() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable()) thread_.join();
    store_.reset();
}

/// A second try is for a new file, in the place of one that is damaged.
bool History::open() {
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto store = HistoryStore::open(config_.file, clock_());
        auto memory = store ? store->load() : Stored<HistoryMemory>(tl::unexpected(store.error()));
        const std::int64_t now = clock_();
        if (memory) {
            store_.emplace(std::move(*store));
            const std::lock_guard lock(mutex_);
            if (is_open_)
                tracker_.repeat_present();  // a new file has none of it
            else
                tracker_.begin(std::move(*memory), now, 2 * std::int64_t{config_.save_seconds} + kGap);
            is_open_ = true;
            state_.problem.clear();
            if (is_there(aside(config_.file))) state_.put_aside = aside(config_.file);
            return true;
        }
        note(tl::unexpected(memory.error()), now);
        if (!memory.error().damaged) return false;
        put_aside();
    }
    return false;
}

void History::put_aside() {
    store_.reset();
    const std::string& file = config_.file;
    std::rename(file.c_str(), aside(file).c_str());
    for (const char* end : {"-wal", "-shm"}) std::remove((file + end).c_str());
    log_event(LogPriority::error, "history_damaged", {{"put_aside", aside(file)}});
    const std::lock_guard lock(mutex_);
    ++state_.damages;
    state_.put_aside = aside(file);
}

void History::note(const Stored<void>& outcome, std::int64_t now) {
    const std::string problem = outcome ? "" : outcome.error().message;
    const std::lock_guard lock(mutex_);
    if (!problem.empty() && problem != state_.problem)
        log_event(LogPriority::warning, "history_unsaved", {{"problem", problem}});
    state_.problem = problem;
    if (outcome)
        state_.saved = now;
    else
        ++state_.failures;
}

void History::keep() {
    sigset_t all;  // signals are the main thread's
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    bool stop = false;
    while (!stop) {
        {
            std::unique_lock lock(mutex_);
            stop = stopped_.wait_for(lock, std::chrono::seconds(config_.save_seconds), [this] { return stop_; });
        }
        save();
    }
}

void History::save() {
    if (!store_ && !open()) return;
    const std::int64_t now = clock_();
    HistoryBatch batch;
    {
        const std::lock_guard lock(mutex_);
        batch = tracker_.take(now);
    }
    const Stored<void> saved = store_->save(batch);
    note(saved, now);
    if (!saved && saved.error().damaged) put_aside();  // the next time there is a new file
    const bool is_aside = is_there(aside(config_.file));
    const std::uint64_t bytes = size_of(config_.file) + size_of(config_.file + "-wal");
    const std::lock_guard lock(mutex_);
    if (!saved) tracker_.put_back(std::move(batch));
    state_.put_aside = is_aside ? aside(config_.file) : "";
    state_.bytes = bytes;
}

void History::see(const BoxSample& sample) {
    const std::lock_guard lock(mutex_);
    if (is_open_) tracker_.see(sample);
}

PeriodCounts History::minutes() const {
    const std::lock_guard lock(mutex_);
    return tracker_.minutes(clock_());
}

tl::expected<HistoryReader, std::string> History::read() const {
    auto reader = HistoryReader::open(config_.file);
    if (!reader) return tl::unexpected(reader.error().message);
    return std::move(*reader);
}

History::State History::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

}  // namespace sluis
