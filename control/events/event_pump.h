// From the dataplane's rings to whom it concerns: each finding is told as an event, and counted for the reports.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/events/daily_key.h"
#include "control/events/event_hub.h"
#include "control/events/events_config.h"
#include "control/events/presence.h"
#include "control/events/would_block.h"
#include "control/policy/time_zone.h"

namespace sluis {

class EventReader;
struct Event;

class EventPump {
public:
    /// Records that one step takes of one worker at the most, so that one never starves the others.
    static constexpr std::size_t kRecordsAtOnce = 1024;

    struct Setting {
        EventsConfig events;
        std::string runtime_directory;
        std::string host;
        EventClock clock = event_time_now;
    };
    /// REQUIRES: what is given by reference outlives the pump. Until set_time_zone, days end at midnight UTC.
    EventPump(Setting setting, EventHub& hub, Presence& presence, WouldBlock& would_block);
    ~EventPump();
    EventPump(const EventPump&) = delete;
    EventPump& operator=(const EventPump&) = delete;

    /// Takes what there is. To be called about twenty times a second, by one thread. Opens the rings when there are
    /// some; when another dataplane has made its own, what is left in the old ones comes first.
    void step();

    // What follows may be called by any thread.

    void set_time_zone(const TimeZone& zone);
    /// Clients may be shown in the clear, if the configuration says so: it is on record that they are.
    void allow_clear() { clear_is_recorded_ = true; }

    struct Worker {
        std::string pair;
        std::uint64_t lost = 0;  ///< findings since the dataplane's start for which its ring had no room
    };
    struct State {
        std::string problem;  ///< why no rings are read; empty: they are
        std::vector<Worker> workers;
        bool clients_in_clear = false;
        bool clear_has_ended = false;  ///< the configuration still asks for it, and its time is over
    };
    State state() const;

private:
    using Steady = std::chrono::steady_clock;
    void look_at_clock();
    void open_rings();
    bool take_all();
    void take(const Event& event, std::size_t worker);
    void note_lost();
    void tell_counts();
    void tell_suppressed();
    std::string local_date(std::int64_t nanoseconds) const;

    Setting setting_;
    EventHub& hub_;
    Presence& presence_;
    WouldBlock& would_block_;
    DailyKey key_;
    std::string today_;
    std::unique_ptr<EventReader> reader_;
    Steady::time_point opened_{}, counted_{}, suppressed_told_;
    std::atomic<bool> clear_is_recorded_{false};
    bool clear_ = false;
    mutable std::mutex mutex_;  ///< of what follows
    std::optional<TimeZone> zone_;
    State state_;
};

}  // namespace sluis
