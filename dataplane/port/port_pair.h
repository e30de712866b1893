// Two ports, the frame buffers that both use, and the rings by which the workers of the pair pass frames to each other.
#pragma once

#include <rte_mempool.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/outbox.h"
#include "dataplane/port/port.h"

namespace sluis {

/// The least that the frame buffers of a pair take, bytes: the data room and header of each.
std::uint64_t least_frame_memory(const PairConfig& pair, const FrameConfig& frames) noexcept;

class PortPair {
public:
    /// Opens both ports; nothing is received before `start`. The error is one line for people.
    static tl::expected<std::unique_ptr<PortPair>, std::string> open(const PairConfig& config,
                                                                     const FrameConfig& frames);
    tl::expected<void, std::string> start();

    const std::string& name() const noexcept { return name_; }
    std::uint32_t workers() const noexcept { return workers_; }
    Port& port(Side side) noexcept { return *ports_[static_cast<std::size_t>(side)]; }
    rte_mempool* pool() noexcept { return pool_.get(); }
    /// The longest frame that fits a buffer, bytes.
    std::uint32_t longest() const noexcept { return longest_; }

    /// Room for frames on their way from one worker to another.
    static constexpr unsigned kHandoffFrames = 4096;
    /// Frames that `giver` received and `owner` is to judge. One giver and one taker each.
    rte_ring* handoff(std::uint32_t giver, std::uint32_t owner) noexcept {
        return handoffs_[giver * workers_ + owner].get();
    }
    /// Where a worker puts what goes out of `side`, or nullptr when it has a transmit queue of its own.
    Outbox* outbox(Side side, std::uint32_t worker) noexcept {
        auto& boxes = outboxes_[static_cast<std::size_t>(side)];
        return worker == 0 || boxes.empty() ? nullptr : &boxes[worker - 1];
    }

    /// What both ports have lost before the workers, in all, as it was seen last. The main thread writes it.
    std::atomic<std::uint64_t> missed_frames{0};

    /// How far the workers of the pair are with stopping: each waits for the others at both steps.
    std::atomic<std::uint32_t> workers_deaf{0};      ///< receive nothing any more
    std::atomic<std::uint32_t> workers_released{0};  ///< have given away all that they held

private:
    struct PoolDeleter {
        void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
    };
    PortPair(std::string name, std::uint32_t workers) : name_(std::move(name)), workers_(workers) {}
    tl::expected<void, std::string> make_pool(const FrameConfig& frames);
    tl::expected<void, std::string> open_ports(const PairConfig& config, const FrameConfig& frames);
    tl::expected<void, std::string> make_rings();
    Ring make_ring(const std::string& name) const;

    std::string name_;
    std::uint32_t workers_;
    std::uint32_t longest_ = 0;
    // In this order: ports hold buffers of the pool, so they go first.
    std::unique_ptr<rte_mempool, PoolDeleter> pool_;
    std::vector<Ring> handoffs_;
    std::array<std::deque<Outbox>, 2> outboxes_;
    std::array<std::unique_ptr<Port>, 2> ports_;
};

}  // namespace sluis
