#include "dataplane/port/inline_set.h"

#include <utility>

namespace sluis {
namespace {

/// Bytes of one buffer behind its headroom.
std::uint32_t data_room(const FrameConfig& frames) noexcept {
    // Drivers cut buffers in steps of a KiB: a frame must fit what is left of one, in one segment.
    constexpr std::uint32_t kStep = 1024;
    return (longest_frame(frames.mtu) + kTag + kStep - 1) / kStep * kStep;
}

}  // namespace

std::uint64_t least_frame_memory(const PairConfig& pair, const FrameConfig& frames) noexcept {
    return frame_buffer_size(data_room(frames)) * frames.buffers * pair.workers;
}

tl::expected<std::unique_ptr<InlineSet>, std::string> InlineSet::open(const Config& config, const SetLayout& layout) {
    std::unique_ptr<InlineSet> set(new InlineSet(layout));
    const auto ready = set->make_pool(config.frames, layout.pairs.size()).and_then([&] { return set->make_rings(); });
    if (!ready)
        return tl::unexpected((layout.pairs.size() == 1 ? "pair " : "set ") + layout.name + ": " + ready.error());
    if (const auto opened = set->open_pairs(config, layout); !opened) return tl::unexpected(opened.error());
    return set;
}

tl::expected<void, std::string> InlineSet::make_pool(const FrameConfig& frames, std::size_t links) {
    longest_ = longest_frame(frames.mtu);
    const std::uint32_t room = data_room(frames);
    const std::uint32_t buffers = frames.buffers * workers_ * static_cast<std::uint32_t>(links);
    pool_ = make_frame_pool("frames_" + name_, buffers, room);
    if (pool_) return {};
    const std::uint64_t mebibytes = std::uint64_t{buffers} * (room + 512) >> 20;
    return tl::unexpected(
        out_of_memory(std::to_string(buffers) + " frame buffers, about " + std::to_string(mebibytes) + " MiB"));
}

tl::expected<void, std::string> InlineSet::make_rings() {
    handoffs_.resize(std::size_t{workers_} * workers_);
    for (std::uint32_t giver = 0; giver < workers_; ++giver)
        for (std::uint32_t owner = 0; owner < workers_; ++owner) {
            if (giver == owner) continue;
            Ring& ring = handoffs_[giver * workers_ + owner];
            ring = make_ring("h_" + name_ + "_" + std::to_string(giver) + "_" + std::to_string(owner));
            if (!ring) return tl::unexpected(out_of_memory("the rings between workers"));
        }
    return {};
}

tl::expected<void, std::string> InlineSet::open_pairs(const Config& config, const SetLayout& layout) {
    for (const std::size_t place : layout.pairs) {
        auto pair = PortPair::open({config.pairs[place], config.frames, size(), pool()});
        if (!pair) return tl::unexpected(pair.error());
        pairs_.push_back(std::move(*pair));
    }
    return {};
}

tl::expected<void, std::string> InlineSet::start() {
    for (const auto& pair : pairs_)
        if (const auto started = pair->start(); !started) return tl::unexpected(started.error());
    return {};
}

}  // namespace sluis
