#include "control/events/event_hub.h"

#include <chrono>
#include <utility>

namespace sluis {
namespace {

std::int64_t steady_nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

void EventHub::publish(EventLine line) {
    // One after the other, so that every way out has the same order.
    const std::lock_guard lock(mutex_);
    if (line.json.size() > kEventLineLimit) {
        ++counts_.too_long;
        return;
    }
    const auto index = static_cast<std::size_t>(line.kind);
    if (!limiter_.admit(line.kind, steady_nanoseconds())) {
        ++counts_.suppressed[index];
        return;
    }
    ++counts_.published[index];
    const auto shared = std::make_shared<const EventLine>(std::move(line));
    memory_.add(shared);
    for (const auto& sink : sinks_) sink->offer(shared);
}

std::vector<EventLimiter::Suppressed> EventHub::take_suppressed() {
    const std::lock_guard lock(mutex_);
    return limiter_.take_suppressed();
}

EventHub::Counts EventHub::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

}  // namespace sluis
