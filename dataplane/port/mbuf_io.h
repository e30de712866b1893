// The pipeline's frames as mbufs of one worker: sent out of the set's ports, freed, or taken from its pool.
#pragma once

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/inline_set.h"

namespace sluis {

/// The pipeline counts a frame as sent when it calls `transmit`; a frame that cannot be sent is taken off that count
/// and counted as dropped, so that the accounts close.
class MbufIo final : public FrameIo {
public:
    MbufIo(InlineSet& set, std::uint32_t worker, LiveCounters& counters) noexcept
        : set_(set), worker_(worker), counters_(counters) {}

    void transmit(Side side, std::span<Frame* const> frames) noexcept override;
    void drop(std::span<Frame* const> frames) noexcept override;
    Frame* allocate(std::uint32_t size) noexcept override;

private:
    static constexpr std::size_t kBurst = 64;
    /// One port of the set.
    struct Exit {
        std::uint8_t link;
        Side side;
    };
    void transmit_by_links(Side side, std::span<Frame* const> frames) noexcept;
    void transmit_burst(Exit exit, std::span<Frame* const> frames) noexcept;
    std::size_t send(Exit exit, std::span<rte_mbuf*> mbufs, int tries) noexcept;
    void give_up(Exit exit, std::span<rte_mbuf* const> rest) noexcept;
    void count_unsent(Exit exit, std::span<rte_mbuf* const> mbufs, Reason reason) noexcept;

    InlineSet& set_;
    std::uint32_t worker_;
    LiveCounters& counters_;
};

}  // namespace sluis
