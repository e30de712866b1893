#include "control/events/event_limiter.h"

#include <algorithm>
#include <utility>

namespace sluis {

bool EventLimiter::admit(EventKind kind, std::int64_t now) {
    Bucket& bucket = buckets_[static_cast<std::size_t>(kind)];
    const double size = static_cast<double>(per_second_) * kBurst;
    const double seconds = static_cast<double>(std::max<std::int64_t>(now - bucket.filled, 0)) / 1e9;
    bucket.tokens = bucket.begun ? std::min(size, bucket.tokens + seconds * per_second_) : size;
    bucket.begun = true;
    bucket.filled = std::max(bucket.filled, now);
    if (bucket.tokens < 1) {
        ++bucket.suppressed;
        return false;
    }
    bucket.tokens -= 1;
    return true;
}

std::vector<EventLimiter::Suppressed> EventLimiter::take_suppressed() {
    std::vector<Suppressed> taken;
    for (std::size_t i = 0; i < buckets_.size(); ++i)
        if (const auto count = std::exchange(buckets_[i].suppressed, 0); count != 0)
            taken.push_back({static_cast<EventKind>(i), count});
    return taken;
}

}  // namespace sluis
