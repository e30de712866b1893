// One or more port pairs that are links of one path, the frame buffers that all their ports use, and the rings by which
// the set's workers pass frames to each other. A flow may cross any of the links; one worker owns it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"
#include "dataplane/interface/set_layout.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/frame_pool.h"
#include "dataplane/port/outbox.h"
#include "dataplane/port/port_pair.h"

namespace sluis {

/// The least that the frame buffers of a pair take, bytes: the data room and header of each.
std::uint64_t least_frame_memory(const PairConfig& pair, const FrameConfig& frames) noexcept;

class InlineSet {
public:
    /// Opens the ports of all its pairs; nothing is received before `start`. The error is one line for people.
    static tl::expected<std::unique_ptr<InlineSet>, std::string> open(const Config& config, const SetLayout& layout);
    tl::expected<void, std::string> start();

    /// Of the set, or of its one pair.
    const std::string& name() const noexcept { return name_; }
    std::uint32_t workers() const noexcept { return workers_; }
    /// How many pairs it has: links of frames are below that.
    std::uint8_t size() const noexcept { return static_cast<std::uint8_t>(pairs_.size()); }
    PortPair& pair(std::uint8_t link) noexcept { return *pairs_[link]; }
    rte_mempool* pool() noexcept { return pool_.get(); }
    /// The longest frame that fits a buffer, bytes.
    std::uint32_t longest() const noexcept { return longest_; }

    /// Room for frames on their way from one worker to another.
    static constexpr unsigned kHandoffFrames = kRingFrames;
    /// Frames that `giver` received and `owner` is to judge. One giver and one taker each.
    rte_ring* handoff(std::uint32_t giver, std::uint32_t owner) noexcept {
        return handoffs_[giver * workers_ + owner].get();
    }

    /// What all ports have lost before the workers, in all, as it was seen last. The main thread writes it.
    std::atomic<std::uint64_t> missed_frames{0};

    /// How far the workers of the set are with stopping: each waits for the others at both steps.
    std::atomic<std::uint32_t> workers_deaf{0};      ///< receive nothing any more
    std::atomic<std::uint32_t> workers_released{0};  ///< have given away all that they held

private:
    explicit InlineSet(const SetLayout& layout) : name_(layout.name), workers_(layout.workers) {}
    tl::expected<void, std::string> make_pool(const FrameConfig& frames, std::size_t links);
    tl::expected<void, std::string> make_rings();
    tl::expected<void, std::string> open_pairs(const Config& config, const SetLayout& layout);

    std::string name_;
    std::uint32_t workers_;
    std::uint32_t longest_ = 0;
    // In this order: ports hold buffers of the pool, so they go first.
    FramePool pool_;
    std::vector<Ring> handoffs_;
    std::vector<std::unique_ptr<PortPair>> pairs_;
};

}  // namespace sluis
