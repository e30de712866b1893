// History for the rest of sluis-control: it is shown the box every few seconds, writes what is new once a minute by a
// thread of its own, and answers what there is. Whatever happens to its file happens to history alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tl/expected.hpp>

#include "control/history/history_config.h"
#include "control/history/history_reader.h"
#include "control/history/history_store.h"
#include "control/history/history_tracker.h"

namespace sluis {

class History {
public:
    /// Seconds since 1970-01-01 UTC.
    using Clock = std::function<std::int64_t()>;

    /// Opens the file; a damaged one is put aside, and history begins anew. Starts the thread that writes.
    History(HistoryConfig config, Clock clock);
    ~History() { stop(); }
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    /// Writes what is left, and nothing afterwards.
    void stop();

    // What follows may be called by any thread. Nobody waits for the disk but who reads.

    /// Does nothing as long as the file cannot be opened: what the dataplane counts meanwhile is not lost.
    void see(const BoxSample& sample);
    PeriodCounts minutes() const;
    /// The error is one line.
    tl::expected<HistoryReader, std::string> read() const;
    std::int64_t now() const { return clock_(); }

    struct State {
        std::string problem;                      ///< why nothing can be written; empty: it can
        std::string put_aside;                    ///< a damaged file that is there; empty: none
        std::int64_t saved = 0;                   ///< when something was last written; 0: never
        std::uint64_t bytes = 0;                  ///< on the disk, with its journal
        std::uint64_t failures = 0, damages = 0;  ///< since the start
    };
    State state() const;

private:
    void keep();
    bool open();
    void put_aside();
    void save();
    void note(const Stored<void>& outcome, std::int64_t now);

    const HistoryConfig config_;
    const Clock clock_;
    std::optional<HistoryStore> store_;  ///< of the constructor, then of the thread
    mutable std::mutex mutex_;           ///< of what follows; held over no access to the disk
    HistoryTracker tracker_;
    bool is_open_ = false;
    bool stop_ = false;
    State state_;
    std::condition_variable stopped_;
    std::thread thread_;
};

}  // namespace sluis
