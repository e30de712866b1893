#include "control/cli/inspect/offline_run.h"

#include <algorithm>
#include <numeric>

namespace sluis {
namespace {

constexpr Nanoseconds kTick = 1'000'000;  ///< what `Pipeline::tick` asks for, and the longest that a burst lasts
constexpr std::uint64_t kProgressInterval = 4096;  ///< packets

/// What the pipeline may hold, and as much again for bursts and the frames that it makes.
std::size_t frame_limit(const Limits& limits) noexcept {
    return 2 * (std::size_t{limits.fragments} + Pipeline::kBurst);
}

}  // namespace

OfflineRun::OfflineRun(const OfflineSettings& settings)
    : settings_(settings),
      frames_(frame_limit(settings.limits), settings.writer),
      pipeline_(settings.limits, frames_, counters_, settings.observer) {
    pipeline_.use(settings.generation);
    burst_.reserve(kOfflineBurst);
}

tl::expected<void, std::string> OfflineRun::run(CaptureReader& capture) {
    const auto result = read_all(capture);
    flush();
    pipeline_.give_up_held();
    return result;
}

tl::expected<void, std::string> OfflineRun::read_all(CaptureReader& capture) {
    for (;;) {
        const auto packet = capture.next();
        if (!packet) return tl::unexpected(packet.error());
        if (!*packet) return {};
        if (!is_supported_link_type((*packet)->link_type)) {
            return tl::unexpected(capture.file().name() + ": packet " + std::to_string(capture.packets()) + ": " +
                                  unsupported((*packet)->link_type));
        }
        take(**packet);
        if (settings_.progress && capture.packets() % kProgressInterval == 0) settings_.progress(capture);
    }
}

void OfflineRun::take(const CapturedPacket& packet) {
    const Nanoseconds time = std::max({packet.time, burst_time_, now_});  // a clock set back stands still
    if (burst_.size() == kOfflineBurst || time - burst_time_ > kTick) flush();
    if (burst_.empty()) {
        burst_time_ = time;
        advance(time);
    }
    ++frames_read_;
    if (packet.original_length > packet.data.size()) ++cut_frames_;
    Frame* frame = receive(as_ethernet(packet.link_type, packet.data), time);
    if (frame == nullptr) return;
    const bool whole = packet.original_length <= packet.data.size();
    if (const auto joined = whole ? JoinedSegment::find(*frame) : std::nullopt) {
        take_parts(*joined, time);
        return frames_.drop({&frame, 1});
    }
    checksums_.mark(*frame);
    put(*frame);
}

void OfflineRun::take_parts(const JoinedSegment& joined, Nanoseconds time) {
    std::vector<std::byte> bytes;
    for (std::size_t part = 0; part < joined.parts(); ++part) {
        bytes.resize(joined.size(part));
        joined.write(part, bytes);
        EthernetParts parts;
        parts.rest = bytes;
        if (Frame* frame = receive(parts, time); frame != nullptr) put(*frame);
    }
}

/// nullptr, and counted as dropped, when there is no room.
Frame* OfflineRun::receive(const EthernetParts& parts, Nanoseconds time) {
    Frame* frame = frames_.receive(parts, Side::inside, time);
    if (frame == nullptr) {
        ++counters_.rx_frames[static_cast<std::size_t>(Side::inside)];
        ++counters_.drops[static_cast<std::size_t>(Reason::no_frame)];
    }
    return frame;
}

void OfflineRun::put(Frame& frame) {
    if (burst_.size() == kOfflineBurst) flush();
    frame.ingress = sides_.ingress_of(frame);
    burst_.push_back(&frame);
}

void OfflineRun::flush() {
    if (burst_.empty()) return;
    pipeline_.process(burst_, burst_time_);
    burst_.clear();
}

void OfflineRun::advance(Nanoseconds time) {
    const Nanoseconds gap = time - now_;
    const bool first = now_ == 0;
    // Ticks grow longer with the silence, so that a capture of a quiet year ends: timers are late by 1/256 at most.
    for (Nanoseconds passed = kTick; !first && passed < gap; passed += std::max(kTick, passed / 256)) {
        frames_.set_now(now_ + passed);
        pipeline_.tick(now_ + passed);
    }
    now_ = time;
    frames_.set_now(time);
    pipeline_.tick(time);
}

std::optional<std::string> OfflineRun::imbalance() const {
    const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
    const std::uint64_t in = sum(counters_.rx_frames) + counters_.injected_frames;
    const std::uint64_t out = sum(counters_.tx_frames) + counters_.held_frames + sum(counters_.drops);
    if (in == out && frames_.outstanding() == 0) return std::nullopt;
    return "accounts do not balance: " + std::to_string(in) + " frames in, " + std::to_string(out) + " out, " +
           std::to_string(frames_.outstanding()) + " not given back";
}

}  // namespace sluis
