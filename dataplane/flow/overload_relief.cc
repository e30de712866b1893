#include "dataplane/flow/overload_relief.h"

#include <algorithm>

#include "dataplane/flow/flow_key.h"

namespace sluis {

void OverloadRelief::set(bool on) noexcept { on_ = on && policy_ != OverloadPolicy::inspect; }

void OverloadRelief::decide(Action& action) noexcept {
    if (policy_ == OverloadPolicy::closed) return action.drop(Reason::overload_drop);
    if (is_over_share(action.packet)) return action.drop(Reason::source_limit);
    count_pass();
}

void OverloadRelief::count_pass() noexcept {
    ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
    passed_until_ = now_ + kUnreadMemory;
}

/// Counts the packet for its client. What was too much counts as well: who goes on flooding stays over his share.
bool OverloadRelief::is_over_share(const Packet& packet) noexcept {
    const Endpoints& ends = packet.endpoints;
    const auto& client = packet.ingress() == Side::inside ? ends.source.address : ends.destination.address;
    constexpr std::size_t kPrefix = 8;  // bytes: an IPv4 address and what follows it there, or a /64
    const std::uint64_t hashed = hash_words(client.bytes.data(), kPrefix, seed_);
    std::uint32_t& share = shares_[hashed % kSlots];
    ++share;
    ++total_;
    return share > kFreeShare && share - kFreeShare > total_ / kSharePart;
}

void OverloadRelief::halve_after_window(Nanoseconds now) noexcept {
    if (window_end_ == 0) window_end_ = now + kWindow;
    if (now < window_end_) return;
    const Nanoseconds windows = (now - window_end_) / kWindow + 1;
    const auto halves = static_cast<unsigned>(std::min<Nanoseconds>(windows, 31));
    window_end_ = now + kWindow;
    for (std::uint32_t& share : shares_) share >>= halves;
    total_ >>= halves;
}

}  // namespace sluis
