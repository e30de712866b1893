// Frames on their way out, in order, counted.
#pragma once

#include <array>

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"
#include "dataplane/verdict/refuser.h"

namespace sluis {

/// Collects what one burst sends and drops, and hands it over in batches. Chains are taken apart.
class Departures final : public InjectionSink {
public:
    Departures(FrameIo& io, LiveCounters& counters) noexcept : io_(&io), counters_(counters) {}
    /// From here on frames leave through `io`. REQUIRES: nothing waits for `flush`; it outlives its use.
    void attach(FrameIo& io) noexcept { io_ = &io; }

    /// Sends a chain of frames on, out of the side opposite to where each came from.
    void forward(Frame* chain) noexcept {
        while (chain != nullptr) {
            Frame* following = chain->next;
            chain->next = nullptr;
            send(chain, opposite(chain->ingress));
            chain = following;
        }
    }
    void inject(Frame* frame, Side egress) noexcept override;
    void drop(Frame* chain, Reason reason) noexcept;
    /// Gives back copies of frames, which are in no account.
    void discard(Frame* chain) noexcept;
    void flush() noexcept;

private:
    static constexpr std::size_t kBatch = 64;
    struct Batch {
        std::array<Frame*, kBatch> frames;
        std::size_t count = 0;
    };

    void send(Frame* frame, Side egress) noexcept {
        const auto side = static_cast<std::size_t>(egress);
        ++counters_.tx_frames[side];
        counters_.tx_bytes[side] += frame->length;
        Batch& batch = out_[side];
        if (batch.count == kBatch) flush(egress);
        batch.frames[batch.count++] = frame;
    }
    void flush(Side egress) noexcept;
    void give_back(Frame* frame) noexcept;
    void flush_dropped() noexcept;

    FrameIo* io_;
    LiveCounters& counters_;
    std::array<Batch, 2> out_;
    Batch dropped_;
};

}  // namespace sluis
