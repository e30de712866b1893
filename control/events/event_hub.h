// Where every event comes by, whoever made it: counted, limited, remembered, and handed to each way out.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "control/events/event_limiter.h"
#include "control/events/event_line.h"
#include "control/events/event_memory.h"
#include "control/events/event_sink.h"

namespace sluis {

/// May be called by any thread, once all sinks are added. Nothing here waits for anybody.
class EventHub {
public:
    /// `per_second`: events of one kind. REQUIRES: `memory` outlives the hub.
    EventHub(std::uint32_t per_second, EventMemory& memory) : limiter_(per_second), memory_(memory) {}

    void add_sink(std::unique_ptr<EventSink> sink) { sinks_.push_back(std::move(sink)); }
    const std::vector<std::unique_ptr<EventSink>>& sinks() const { return sinks_; }

    void publish(EventLine line);
    /// What was held back since the last call.
    std::vector<EventLimiter::Suppressed> take_suppressed();

    struct Counts {
        std::array<std::uint64_t, kEventKindNames.size()> published{};
        std::array<std::uint64_t, kEventKindNames.size()> suppressed{};
        std::uint64_t too_long = 0;
    };
    Counts counts() const;

private:
    mutable std::mutex mutex_;
    EventLimiter limiter_;
    Counts counts_;
    EventMemory& memory_;
    std::vector<std::unique_ptr<EventSink>> sinks_;
};

}  // namespace sluis
