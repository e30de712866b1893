// What is kept of HTTP/2 connections in cleartext: the header compression's state, and room to decode in.
#pragma once

#include <memory>

#include "dataplane/flow/slot_index.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/interface/limits.h"
#include "dataplane/protocol/hpack.h"
#include "dataplane/protocol/http2_frame.h"

namespace sluis {

/// One direction of a connection, from its first header block on.
struct Http2State {
    HpackDecoder decoder;
    std::uint32_t budget = SlotIndex::kNone;
};

/// A worker's states, all made at construction.
class Http2States {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    Http2States(const Limits& limits, SourceBudget& budget)
        : per_source_(limits.http2_connections_per_source),
          budget_(budget),
          states_(limits.http2_connections),
          fragments_(std::make_unique_for_overwrite<std::byte[]>(kHttp2BlockLimit)),
          scratch_(std::make_unique_for_overwrite<std::byte[]>(kScratchSize)) {}

    /// A fresh state for the sender of `packet`: a handle. Fails with `source_limit` when the source has its share,
    /// `flow_table_full` when none is free.
    Result<std::uint32_t> take(const Endpoints& packet) noexcept {
        if (states_.used() == states_.capacity()) return Failure(Reason::flow_table_full);
        const std::uint32_t share = budget_.take(packet, Budget::http2_connections, per_source_);
        if (share == kNone) return Failure(Reason::source_limit);
        const std::uint32_t handle = states_.take();
        states_[handle].decoder = {};
        states_[handle].budget = share;
        return handle;
    }
    /// Forgets the state, if there is one, and the handle.
    void give_back(std::uint32_t& handle) noexcept {
        if (handle == kNone) return;
        budget_.give_back(states_[handle].budget, Budget::http2_connections);
        states_.give_back(handle);
        handle = kNone;
    }
    HpackDecoder& decoder(std::uint32_t handle) noexcept { return states_[handle].decoder; }

    /// Where the fragments of a block are joined.
    MutableBytes fragments() noexcept { return {fragments_.get(), kHttp2BlockLimit}; }
    /// Where a block's fields are decoded.
    MutableBytes scratch() noexcept { return {scratch_.get(), kScratchSize}; }

private:
    static constexpr std::size_t kScratchSize = hpack_scratch_size(kHttp2BlockLimit);

    std::uint32_t per_source_;
    SourceBudget& budget_;
    SlotPool<Http2State> states_;
    std::unique_ptr<std::byte[]> fragments_;
    std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace sluis
