// All that has to do with events, for the rest of sluis-control: it is told of changes and alarms, and asked for
// numbers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "control/events/alarm_watch.h"
#include "control/events/event_hub.h"
#include "control/events/event_memory.h"
#include "control/events/event_pump.h"
#include "control/events/numbers_file.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {

class EventService {
public:
    /// Reads the numbers of before, and starts: a thread that takes findings, one for each way out, and one that saves
    /// the numbers. The error is one line.
    static tl::expected<std::unique_ptr<EventService>, std::string> start(const EventsConfig& config,
                                                                          const std::string& runtime_directory);
    /// Ends them; what waits gets a second.
    ~EventService();
    EventService(const EventService&) = delete;
    EventService& operator=(const EventService&) = delete;

    /// Takes no more findings, and saves the numbers. What is published still goes its way.
    void stop();
    /// The operator asks for it: files are opened again, connections made again.
    void reopen();
    void set_time_zone(const TimeZone& zone) { pump_.set_time_zone(zone); }
    void allow_clear() { pump_.allow_clear(); }
    /// `audit`: the member of this name of the audit file's line.
    void publish_audit(const nlohmann::ordered_json& audit);
    /// Tells which alarms are new or over. By one thread.
    void see_alarms(const std::vector<NamedAlarm>& alarms);

    /// What is wrong here. `dataplane_runs`: so there are findings to read.
    std::vector<NamedAlarm> alarms(bool dataplane_runs) const;
    const EventHub& hub() const { return hub_; }
    const EventMemory& memory() const { return memory_; }
    const Presence& presence() const { return presence_; }
    const WouldBlock& would_block() const { return would_block_; }
    EventPump::State pump_state() const { return pump_.state(); }
    /// Readable (eventfd) when the memory has something new.
    int wake_descriptor() const { return wake_.get(); }

private:
    EventService(const EventsConfig& config, const std::string& runtime_directory, FileDescriptor wake);
    void add_sinks();
    void pump_events();
    void keep_numbers();
    bool wait(std::chrono::milliseconds time);
    void save_numbers();

    EventsConfig config_;
    std::string host_;
    FileDescriptor wake_;
    EventMemory memory_;
    EventHub hub_;
    Presence presence_;
    WouldBlock would_block_;
    NumbersFile numbers_;
    EventPump pump_;
    AlarmWatch alarm_watch_;
    mutable std::mutex mutex_;  ///< of what follows
    std::condition_variable stopped_;
    bool stop_ = false;
    std::string numbers_problem_;
    std::thread pump_thread_, numbers_thread_;
};

}  // namespace sluis
