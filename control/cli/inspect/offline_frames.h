// The ports of a pipeline that has none: frames in memory, given back to a pool or written to a file.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "control/cli/inspect/capture_writer.h"
#include "control/cli/inspect/link_layer.h"
#include "dataplane/interface/finding.h"
#include "dataplane/packet/frame.h"

namespace sluis {

/// A bounded pool of frames, and where frames go. A frame's memory is kept for the next one, unless it is large.
class OfflineFrames final : public FrameIo {
public:
    /// `writer`: gets every frame sent; may be nullptr.
    OfflineFrames(std::size_t frame_limit, CaptureWriter* writer) : frame_limit_(frame_limit), writer_(writer) {}

    /// A frame with a copy of `parts`, captured at `time`; nullptr when the pool is used up.
    Frame* receive(const EthernetParts& parts, Side ingress, Nanoseconds time);
    /// What time it is for frames that are made or released from now on.
    void set_now(Nanoseconds now) noexcept { now_ = now; }
    /// Frames that the pipeline has.
    std::size_t outstanding() const noexcept { return frames_.size() - free_.size(); }

    void transmit(Side side, std::span<Frame* const> frames) noexcept override;
    void drop(std::span<Frame* const> frames) noexcept override;
    Frame* allocate(std::uint32_t size) noexcept override;

private:
    struct OfflineFrame : Frame {
        Nanoseconds time = 0;
        std::unique_ptr<std::byte[]> room;
        std::uint32_t capacity = 0;
    };
    void give_back(Frame* frame) noexcept;

    std::size_t frame_limit_;
    CaptureWriter* writer_;
    Nanoseconds now_ = 0;
    Nanoseconds sent_ = 0;             ///< when the last frame was sent: what is written never goes back in time
    std::deque<OfflineFrame> frames_;  // a deque: addresses stay
    std::vector<OfflineFrame*> free_;
};

}  // namespace sluis
