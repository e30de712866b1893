// What is kept of HTTP/2 connections in cleartext: the header compression's state, and room to decode in.
#pragma once

#include <memory>

#include "dataplane/flow/slot_index.h"
#include "dataplane/flow/slot_queues.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/interface/limits.h"
#include "dataplane/protocol/hpack.h"
#include "dataplane/protocol/http2_frame.h"

namespace sluis {

/// One direction of a connection, from its first header block on.
struct Http2State {
    HpackDecoder decoder;
    std::uint32_t budget = SlotIndex::kNone;
    std::uint32_t flow = SlotIndex::kNone;  ///< whose it is
    Nanoseconds used = 0;                   ///< when its last frame came
};

/// A worker's states, all made at construction.
class Http2States {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;
    /// A connection whose last frame is no older than that does not make room for another.
    static constexpr Nanoseconds kIdle = kSecond / 4;

    Http2States(const Limits& limits, SourceBudget& budget)
        : per_source_(limits.http2_connections_per_source),
          budget_(budget),
          states_(limits.http2_connections),
          queue_(limits.http2_connections, 1),
          fragments_(std::make_unique_for_overwrite<std::byte[]>(kHttp2BlockLimit)),
          scratch_(std::make_unique_for_overwrite<std::byte[]>(kScratchSize)) {}

    /// A fresh state of `flow` for the sender of `packet`: a handle. Fails with `source_limit` when the source has its
    /// share, `flow_table_full` when none is free.
    Result<std::uint32_t> take(const Packet& packet, std::uint32_t flow, Nanoseconds now) noexcept {
        const std::uint32_t share = budget_.take(packet, Budget::http2_connections, per_source_);
        if (share == kNone) return Failure(Reason::source_limit);
        if (!states_.has_free()) {
            budget_.give_back(share, Budget::http2_connections);
            return Failure(Reason::flow_table_full);
        }
        const std::uint32_t handle = states_.take();
        states_[handle].decoder = {};
        states_[handle].budget = share;
        states_[handle].flow = flow;
        use(handle, now);
        return handle;
    }
    /// A frame came for this state, if there is one.
    void use(std::uint32_t handle, Nanoseconds now) noexcept {
        if (handle == kNone) return;
        states_[handle].used = now;
        queue_.push_back(handle, 0);
    }
    /// The flow whose state is idle for longest and for which `fits(flow)` holds; kNone when those that were asked are
    /// in use.
    template <typename Fits>
    std::uint32_t idle_flow(Nanoseconds now, Fits&& fits) noexcept {
        for (std::uint32_t asked = 0; asked < kCandidates; ++asked) {
            const std::uint32_t handle = queue_.front(0);
            if (handle == kNone || states_[handle].used + kIdle > now) return kNone;
            if (fits(states_[handle].flow)) return states_[handle].flow;
            queue_.push_back(handle, 0);
        }
        return kNone;
    }
    /// Forgets the state, if there is one, and the handle.
    void give_back(std::uint32_t& handle) noexcept {
        if (handle == kNone) return;
        budget_.give_back(states_[handle].budget, Budget::http2_connections);
        queue_.erase(handle);
        states_.give_back(handle);
        handle = kNone;
    }
    HpackDecoder& decoder(std::uint32_t handle) noexcept { return states_[handle].decoder; }

    /// Where the fragments of a block are joined.
    MutableBytes fragments() noexcept { return {fragments_.get(), kHttp2BlockLimit}; }
    /// Where a block's fields are decoded.
    MutableBytes scratch() noexcept { return {scratch_.get(), kScratchSize}; }

private:
    static constexpr std::uint32_t kCandidates = 8;
    static constexpr std::size_t kScratchSize = hpack_scratch_size(kHttp2BlockLimit);

    std::uint32_t per_source_;
    SourceBudget& budget_;
    SlotPool<Http2State> states_;
    SlotQueues queue_;  ///< by their last use
    std::unique_ptr<std::byte[]> fragments_;
    std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace sluis
