// What becomes of flows, connections and messages that no table knows while more comes than the worker can inspect.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/burst.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"

namespace sluis {

/// Off until it is switched on. What is known already is read and refused as ever; what is new passes unread
/// (`overload_pass`), or is dropped (`overload_drop`), as the policy says.
///
/// Whoever floods must not free himself: a client with more than its share of what is new has that dropped
/// (`source_limit`). A client is the address inside, of IPv6 its /64.
class OverloadRelief {
public:
    /// So much is new of one client within a window, however little there is of others.
    static constexpr std::uint32_t kFreeShare = 512;
    /// Beyond that, one part in so many of all that is new.
    static constexpr std::uint32_t kSharePart = 8;
    /// At the end of a window all that was counted is halved. It outlasts the overload: a flood that brings the next
    /// one a moment later is known.
    static constexpr Nanoseconds kWindow = kSecond / 10;

    OverloadRelief(OverloadPolicy policy, LiveCounters& counters, std::uint64_t seed) noexcept
        : policy_(policy), counters_(counters), seed_(seed) {}

    /// What has passed unread may be sent again for so long: three retransmissions from a first timeout of a second on
    /// (RFC 6298, section 2).
    static constexpr Nanoseconds kUnreadMemory = 7 * kSecond;

    /// Under the policy `inspect` it stays off.
    void set(bool on) noexcept;
    bool is_on() const noexcept { return on_; }
    /// Lets windows end. Call about once a millisecond. REQUIRES: time does not go back.
    void advance(Nanoseconds now) noexcept {
        now_ = now;
        if (on_) [[unlikely]]
            halve_after_window(now);
    }

    /// Whether the packet, which begins something new, is not to be looked into: then its action is decided, and
    /// counted.
    bool takes(Action& action) noexcept {
        if (!on_) [[likely]]
            return false;
        decide(action);
        return true;
    }

    /// Something passed unread for want of room, not by `takes`.
    void count_pass() noexcept;
    /// Whether bytes of a flow that is new now may have passed unread a moment ago, and come again.
    bool has_passed_lately() const noexcept { return now_ < passed_until_; }

private:
    /// Clients share slots by their hashes; who shares one with somebody who floods is dropped with him.
    static constexpr std::size_t kSlots = 1024;

    void decide(Action& action) noexcept;
    bool is_over_share(const Packet& packet) noexcept;
    void halve_after_window(Nanoseconds now) noexcept;

    const OverloadPolicy policy_;
    LiveCounters& counters_;
    const std::uint64_t seed_;
    bool on_ = false;
    Nanoseconds now_ = 0;           ///< as of the last `advance`
    Nanoseconds passed_until_ = 0;  ///< until then what last passed unread may come again
    std::array<std::uint32_t, kSlots> shares_{};
    std::uint32_t total_ = 0;
    Nanoseconds window_end_ = 0;
};

}  // namespace sluis
