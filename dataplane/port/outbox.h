// Frames of one worker on their way to a port whose only transmit queue another worker fills.
#pragma once

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/port.h"

namespace sluis {

struct RingDeleter {
    void operator()(rte_ring* ring) const noexcept { rte_ring_free(ring); }
};
using Ring = std::unique_ptr<rte_ring, RingDeleter>;

/// Room for frames on their way from one worker to another.
inline constexpr unsigned kRingFrames = 4096;
/// One giver, one taker. Null when there is no memory for it.
Ring make_ring(const std::string& name);
/// What is said then; `what` could not be made.
std::string out_of_memory(const std::string& what);

/// Which of a set's links a port is of.
struct LinkPlace {
    std::uint8_t link = 0;
    bool shares_set = false;  ///< with other links: what each carries is counted apart
};

/// Undoes the count of frames that were not sent after all, with the reason, and frees them.
inline void count_unsent(LiveCounters& counters, Side side, LinkPlace place, std::span<rte_mbuf* const> mbufs,
                         Reason reason) noexcept {
    const auto index = static_cast<std::size_t>(side);
    for (rte_mbuf* mbuf : mbufs) {
        --counters.tx_frames[index];
        counters.tx_bytes[index] -= mbuf->pkt_len;
        if (place.shares_set) {
            --counters.links[place.link].tx_frames[index];
            counters.links[place.link].tx_bytes[index] -= mbuf->pkt_len;
        }
        ++counters.drops[static_cast<std::size_t>(reason)];
        rte_pktmbuf_free(mbuf);
    }
}

/// One giver, one taker, no lock. Order is kept.
class Outbox {
public:
    Outbox(Ring ring, Side side, LinkPlace place) noexcept : ring_(std::move(ring)), side_(side), place_(place) {}

    /// The giver's: returns how many of the mbufs were taken, from the first on.
    std::size_t offer(std::span<rte_mbuf*> mbufs) noexcept {
        return rte_ring_sp_enqueue_burst(ring_.get(), reinterpret_cast<void**>(mbufs.data()),
                                         static_cast<unsigned>(mbufs.size()), nullptr);
    }
    /// The taker's: sends what waits, as far as the port takes it. Returns how many it took.
    std::size_t serve(Port& port) noexcept {
        if (first_ == last_) {
            first_ = 0;
            last_ = rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(waiting_.data()), kBurst, nullptr);
        }
        if (first_ == last_) return 0;
        const std::size_t sent = port.send(0, std::span(waiting_).subspan(first_, last_ - first_));
        first_ += sent;
        return sent;
    }
    bool empty() const noexcept { return first_ == last_ && rte_ring_empty(ring_.get()) != 0; }
    /// Gives up on what still waits. REQUIRES: giver and taker have ended. `counters`: the giver's.
    void abandon(LiveCounters& counters) noexcept {
        do {
            count_unsent(counters, side_, place_, std::span(waiting_).subspan(first_, last_ - first_), Reason::tx_full);
            first_ = 0;
            last_ = rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(waiting_.data()), kBurst, nullptr);
        } while (last_ != 0);
    }

private:
    static constexpr unsigned kBurst = 64;
    Ring ring_;
    Side side_;
    LinkPlace place_;
    std::array<rte_mbuf*, kBurst> waiting_{};
    std::size_t first_ = 0, last_ = 0;
};

}  // namespace sluis
