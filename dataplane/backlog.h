// Frames of one port that wait for an overloaded worker, control traffic apart from all else.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/packet/control_frame.h"
#include "dataplane/packet/frame.h"

namespace sluis {

/// Frames in the order in which they came. Allocates at construction only.
class FrameFifo {
public:
    /// REQUIRES: capacity > 0.
    explicit FrameFifo(std::uint32_t capacity) : slots_(capacity) {}

    std::uint32_t size() const noexcept { return size_; }
    /// False when there is no room.
    bool push(Frame* frame) noexcept {
        if (size_ == slots_.size()) return false;
        slots_[(first_ + size_++) % slots_.size()] = frame;
        return true;
    }
    /// The first one, or nullptr.
    Frame* pop() noexcept {
        if (size_ == 0) return nullptr;
        Frame* frame = slots_[first_];
        first_ = (first_ + 1) % slots_.size();
        --size_;
        return frame;
    }

private:
    std::vector<Frame*> slots_;
    std::size_t first_ = 0;
    std::uint32_t size_ = 0;
};

/// A receive queue is emptied into it faster than frames are inspected: so control traffic is found, and goes first,
/// and what is too much is dropped here, where it is counted, and not by the device, which drops whatever comes.
class Backlog {
public:
    /// Who floods with control traffic has the rest wait with all else.
    static constexpr std::uint32_t kControlFrames = 16;
    /// The most of all others; less where there are few frame buffers.
    static constexpr std::uint32_t kFrames = 1024;

    explicit Backlog(std::uint32_t frames) : control_(kControlFrames), others_(frames) {}

    /// False when there is no room for it: it stays the caller's.
    bool add(Frame* frame) noexcept {
        if (is_control_frame(frame->bytes()) && control_.push(frame)) return true;
        return others_.push(frame);
    }
    FrameFifo& control() noexcept { return control_; }
    FrameFifo& others() noexcept { return others_; }
    std::uint32_t size() const noexcept { return control_.size() + others_.size(); }

private:
    FrameFifo control_, others_;
};

}  // namespace sluis
