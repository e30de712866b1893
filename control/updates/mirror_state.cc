#include "control/updates/mirror_state.h"

#include <algorithm>

#include "control/updates/update_times.h"

namespace sluis {

bool Patience::is_over(std::int64_t now) const {
    constexpr std::int64_t kLongest = 86400;  // what Retry-After may ask for
    return now >= retry_at || retry_at - now > kLongest;
}

void note_failure(MirrorState& mirror, Patience& patience, UpdateFailure failure, std::int64_t now, double random) {
    ++mirror.failures[static_cast<std::size_t>(failure.cause)];
    ++patience.failures;
    patience.retry_at = now + std::max<std::int64_t>(back_off(patience.failures, random), failure.retry_after);
    mirror.last = std::move(failure);
}

}  // namespace sluis
