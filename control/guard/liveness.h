// Whether a dataplane forwards, as seen from outside: who holds the way, and whether all of its workers move.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluis {

enum class DataplaneState {
    absent,      ///< nobody holds the way: no dataplane forwards, or is about to
    starting,    ///< one holds it, and has not moved yet
    forwarding,  ///< all workers moved lately
    hung,        ///< a worker has not moved for too long
};

/// Pure: all that it knows of time and of the machine it is told.
class Liveness {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    /// What was seen in one look.
    struct Sample {
        std::optional<pid_t> holder;            ///< of the way
        std::vector<std::uint64_t> heartbeats;  ///< of its workers; empty while it has not published any
        bool blind = false;                     ///< what it publishes cannot be read: that it holds the way is all
    };

    /// A start takes longer than that on no port: links that come up, queues that are filled.
    static constexpr Duration kStartTime = std::chrono::seconds(30);
    /// Of the time between two looks no more counts as stillness. A machine that was paused, or too busy for whoever
    /// looks, was that for the dataplane, too.
    static constexpr Duration kLongestLook = std::chrono::milliseconds(50);

    /// `hang_after`: how long a worker may stand still.
    explicit Liveness(Duration hang_after) : hang_after_(hang_after) {}
    void set_hang_after(Duration time) { hang_after_ = time; }

    /// REQUIRES: `now` never goes back.
    DataplaneState see(const Sample& sample, Time now);

private:
    void note(const std::vector<std::uint64_t>& heartbeats, Duration passed);
    bool all_moved() const;

    Duration hang_after_;
    std::optional<pid_t> holder_;
    std::optional<Time> looked_;
    std::vector<std::uint64_t> heartbeats_;
    std::vector<Duration> still_;  ///< each worker, since it moved
    std::vector<bool> moved_;      ///< each worker, at all
    Duration unmoved_{0};          ///< since the way was taken, while not every worker has moved
};

}  // namespace sluis
