#include "dataplane/port/mbuf_io.h"

#include <rte_pause.h>

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/control_frame.h"
#include "dataplane/port/mbuf_frame.h"

namespace sluis {
namespace {

/// How often a full queue is tried again without any progress: some microseconds, less than a frame burst takes to
/// leave.
constexpr int kFruitlessTries = 64;
/// The same for control traffic, of which there is little: some tens of microseconds.
constexpr int kControlTries = 1024;

bool is_tagged(const Frame& frame) noexcept {
    constexpr std::uint32_t kTypeOffset = 12;
    return frame.length >= kTypeOffset + 2 && load_be<std::uint16_t>(frame.data + kTypeOffset) == 0x8100;
}

}  // namespace

void MbufIo::transmit(Side side, std::span<Frame* const> frames) noexcept {
    for (; !frames.empty(); frames = frames.subspan(std::min(kBurst, frames.size()))) {
        const auto burst = frames.first(std::min(kBurst, frames.size()));
        set_.size() == 1 ? transmit_burst({0, side}, burst) : transmit_by_links(side, burst);
    }
}

/// Each frame by its own link, in order. REQUIRES: frames.size() <= kBurst.
void MbufIo::transmit_by_links(Side side, std::span<Frame* const> frames) noexcept {
    // Before any is sent: then its buffer may be another worker's already, with a frame of another link.
    std::array<std::uint8_t, kBurst> links{};
    std::transform(frames.begin(), frames.end(), links.begin(), [](const Frame* frame) { return frame->link; });
    for (std::uint8_t link = 0; link < set_.size(); ++link) {
        std::array<Frame*, kBurst> own;
        std::size_t count = 0;
        auto& counts = counters_.links[link];
        for (std::size_t i = 0; i < frames.size(); ++i) {
            if (links[i] != link) continue;
            own[count++] = frames[i];
            counts.tx_bytes[static_cast<std::size_t>(side)] += frames[i]->length;
        }
        counts.tx_frames[static_cast<std::size_t>(side)] += count;
        if (count != 0) transmit_burst({link, side}, std::span(own).first(count));
    }
}

void MbufIo::transmit_burst(Exit exit, std::span<Frame* const> frames) noexcept {
    const PortInfo& port = set_.pair(exit.link).port(exit.side).info();
    std::array<rte_mbuf*, kBurst> mbufs;
    std::size_t count = 0;
    for (Frame* frame : frames) {
        rte_mbuf* mbuf = mbuf_to_send(frame);
        // The frame's bytes are looked at last: they may have left the nearest cache.
        if (frame->length <= port.longest || (frame->length <= port.longest_tagged && is_tagged(*frame)))
            mbufs[count++] = mbuf;
        else
            count_unsent(exit, {&mbuf, 1}, Reason::frame_too_long);
    }
    const auto ready = std::span(mbufs).first(count);
    const auto rest = ready.subspan(send(exit, ready, kFruitlessTries));
    if (!rest.empty()) [[unlikely]]
        give_up(exit, rest);
}

void MbufIo::count_unsent(Exit exit, std::span<rte_mbuf* const> mbufs, Reason reason) noexcept {
    sluis::count_unsent(counters_, exit.side, {exit.link, set_.size() != 1}, mbufs, reason);
}

/// Drops what the queue does not take; control traffic gets another chance.
void MbufIo::give_up(Exit exit, std::span<rte_mbuf* const> rest) noexcept {
    std::array<rte_mbuf*, kBurst> control;
    std::size_t count = 0;
    for (rte_mbuf* mbuf : rest) {
        if (is_control_frame({rte_pktmbuf_mtod(mbuf, const std::byte*), mbuf->data_len}))
            control[count++] = mbuf;
        else
            count_unsent(exit, {&mbuf, 1}, Reason::tx_full);
    }
    const auto first = std::span(control).first(count);
    count_unsent(exit, first.subspan(send(exit, first, kControlTries)), Reason::tx_full);
}

/// Returns how many of the mbufs left, from the first on.
std::size_t MbufIo::send(Exit exit, std::span<rte_mbuf*> mbufs, int tries) noexcept {
    if (mbufs.empty()) return 0;
    PortPair& pair = set_.pair(exit.link);
    if (Outbox* outbox = pair.outbox(exit.side, worker_)) return outbox->offer(mbufs);
    Port& port = pair.port(exit.side);
    std::size_t sent = 0;
    for (int fruitless = 0; sent < mbufs.size() && fruitless < tries;) {
        const std::size_t taken = port.send(static_cast<std::uint16_t>(worker_), mbufs.subspan(sent));
        sent += taken;
        fruitless = taken == 0 ? fruitless + 1 : 0;
        if (taken == 0) rte_pause();
    }
    return sent;
}

void MbufIo::drop(std::span<Frame* const> frames) noexcept {
    std::array<rte_mbuf*, kBurst> mbufs;
    while (!frames.empty()) {
        const auto some = frames.first(std::min(kBurst, frames.size()));
        std::transform(some.begin(), some.end(), mbufs.begin(), mbuf_of);
        rte_pktmbuf_free_bulk(mbufs.data(), static_cast<unsigned>(some.size()));
        frames = frames.subspan(some.size());
    }
}

Frame* MbufIo::allocate(std::uint32_t size) noexcept {
    rte_mbuf* mbuf = size > set_.longest() ? nullptr : rte_pktmbuf_alloc(set_.pool());
    if (mbuf == nullptr) return nullptr;
    Frame* frame = empty_frame(mbuf);
    frame->injected = true;
    return frame;
}

}  // namespace sluis
