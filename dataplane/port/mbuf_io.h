// The pipeline's frames as mbufs of one worker: sent out of the pair's ports, freed, or taken from its pool.
#pragma once

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/port_pair.h"

namespace sluis {

/// The pipeline counts a frame as sent when it calls `transmit`; a frame that cannot be sent is taken off that count
/// and counted as dropped, so that the accounts close.
class MbufIo final : public FrameIo {
public:
    MbufIo(PortPair& pair, std::uint32_t worker, WorkerCounters& counters) noexcept
        : pair_(pair), worker_(worker), counters_(counters) {}

    void transmit(Side side, std::span<Frame* const> frames) noexcept override;
    void drop(std::span<Frame* const> frames) noexcept override;
    Frame* allocate(std::uint32_t size) noexcept override;

private:
    static constexpr std::size_t kBurst = 64;
    void transmit_burst(Side side, std::span<Frame* const> frames) noexcept;
    std::size_t send(Side side, std::span<rte_mbuf*> mbufs, int tries) noexcept;
    void give_up(Side side, std::span<rte_mbuf* const> rest) noexcept;

    PortPair& pair_;
    std::uint32_t worker_;
    WorkerCounters& counters_;
};

}  // namespace sluis
