// One way out for events: a bounded queue, and a thread of its own that empties it, so that no way out ever waits for
// another one, and nobody for any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "control/events/event_line.h"

namespace sluis {

/// Where lines go: a file, a socket, a collector. Used by one thread.
class SinkTarget {
public:
    enum class Delivery {
        done,
        later,  ///< not now: the same line comes again after pause()
        never,  ///< this line cannot be delivered
    };
    virtual ~SinkTarget() = default;

    /// May wait for a few seconds, and no longer.
    virtual Delivery deliver(const EventLine& line) = 0;
    /// Called about once a second while there is nothing to deliver.
    virtual void look() {}
    /// The operator asks for it: SIGHUP.
    virtual void reopen() {}
    /// How long to wait after `later`.
    virtual std::chrono::milliseconds pause() const { return std::chrono::seconds(1); }
    /// After `later`: what is wrong, one line.
    virtual std::string problem() const = 0;
};

class EventSink {
public:
    static constexpr std::size_t kEventLimit = 8192;
    static constexpr std::size_t kByteLimit = std::size_t{8} << 20;
    /// What waits when the program ends has so long to go.
    static constexpr std::chrono::seconds kFarewell{1};

    /// `name`: a word for metrics.
    EventSink(std::string name, std::unique_ptr<SinkTarget> target);
    ~EventSink();
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;

    /// Never waits. When the queue is full, the oldest line is lost: the newest say how things are.
    void offer(SharedLine line);
    void reopen();

    struct State {
        std::uint64_t written = 0;
        std::uint64_t lost = 0;
        std::size_t queued = 0;
        std::string problem;  ///< empty: the last delivery went well
    };
    State state() const;
    const std::string& name() const { return name_; }

private:
    using Lock = std::unique_lock<std::mutex>;
    void run();
    void deliver_next(Lock& lock);
    void set_problem(const std::string& problem);
    void drop_oldest();

    std::string name_;
    std::unique_ptr<SinkTarget> target_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<SharedLine> queue_;
    std::size_t bytes_ = 0;
    State state_;
    bool reopen_ = false;
    bool stop_ = false;
    std::chrono::steady_clock::time_point stop_at_;
    std::thread thread_;
};

}  // namespace sluis
