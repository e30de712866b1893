#include "control/cli/inspect/offline_frames.h"

#include <algorithm>

namespace sluis {
namespace {

constexpr std::uint32_t kUsualCapacity = 2048;
constexpr std::uint32_t kKeptCapacity = 16384;  ///< larger memory is freed with its frame

}  // namespace

Frame* OfflineFrames::allocate(std::uint32_t size) noexcept {
    if (free_.empty()) {
        if (frames_.size() >= frame_limit_) return nullptr;
        free_.push_back(&frames_.emplace_back());
    }
    OfflineFrame* frame = free_.back();
    free_.pop_back();
    if (frame->capacity < size) {
        frame->capacity = std::max(size, kUsualCapacity);
        frame->room = std::make_unique<std::byte[]>(frame->capacity);
    }
    static_cast<Frame&>(*frame) = Frame{};
    frame->data = frame->room.get();
    frame->time = now_;
    return frame;
}

Frame* OfflineFrames::receive(const EthernetParts& parts, Side ingress, Nanoseconds time) {
    auto* frame = static_cast<OfflineFrame*>(allocate(static_cast<std::uint32_t>(parts.size())));
    if (frame == nullptr) return nullptr;
    const Bytes made_up = parts.made_up();
    std::copy(parts.rest.begin(), parts.rest.end(), std::copy(made_up.begin(), made_up.end(), frame->data));
    frame->length = static_cast<std::uint32_t>(parts.size());
    frame->ingress = ingress;
    frame->time = time;
    return frame;
}

void OfflineFrames::transmit(Side, std::span<Frame* const> frames) noexcept {
    for (Frame* frame : frames) {
        sent_ = std::max({sent_, now_, static_cast<OfflineFrame*>(frame)->time});
        if (writer_ != nullptr) writer_->write(frame->bytes(), sent_);
        give_back(frame);
    }
}

void OfflineFrames::drop(std::span<Frame* const> frames) noexcept {
    for (Frame* frame : frames) give_back(frame);
}

void OfflineFrames::give_back(Frame* returned) noexcept {
    auto* frame = static_cast<OfflineFrame*>(returned);
    if (frame->capacity > kKeptCapacity) {
        frame->room.reset();
        frame->capacity = 0;
    }
    free_.push_back(frame);
}

}  // namespace sluis
