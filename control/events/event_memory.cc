#include "control/events/event_memory.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sluis {

void EventMemory::add(SharedLine line) {
    {
        const std::lock_guard lock(mutex_);
        bytes_ += line->json.size();
        lines_.push_back(std::move(line));
        while (lines_.size() > kEventLimit || bytes_ > kByteLimit) {
            bytes_ -= lines_.front()->json.size();
            lines_.pop_front();
            ++first_;
        }
    }
    // When its counter is full, whoever is to be woken has been, many times.
    constexpr std::uint64_t kOne = 1;
    if (wake_ >= 0) [[maybe_unused]]
        const ssize_t written = ::write(wake_, &kOne, sizeof kOne);
}

EventMemory::Excerpt EventMemory::read(std::uint64_t after, std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    Excerpt excerpt;
    const std::uint64_t begin = std::max(after + 1, first_);
    excerpt.lost = begin - (after + 1);
    std::size_t taken = 0;
    for (std::uint64_t number = begin; number < first_ + lines_.size() && taken <= bytes; ++number) {
        const SharedLine& line = lines_[static_cast<std::size_t>(number - first_)];
        taken += line->json.size();
        excerpt.entries.push_back({number, line});
    }
    return excerpt;
}

std::uint64_t EventMemory::newest() const {
    const std::lock_guard lock(mutex_);
    return first_ + lines_.size() - 1;
}

}  // namespace sluis
