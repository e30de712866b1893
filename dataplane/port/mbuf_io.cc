#include "dataplane/port/mbuf_io.h"

#include <rte_pause.h>

#include <algorithm>

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
    for (; !frames.empty(); frames = frames.subspan(std::min(kBurst, frames.size())))
        transmit_burst(side, frames.first(std::min(kBurst, frames.size())));
}

void MbufIo::transmit_burst(Side side, std::span<Frame* const> frames) noexcept {
    const Port& port = pair_.port(side);
    std::array<rte_mbuf*, kBurst> mbufs;
    std::size_t count = 0;
    for (Frame* frame : frames) {
        rte_mbuf* mbuf = mbuf_to_send(frame);
        if (port.carries(frame->length, is_tagged(*frame)))
            mbufs[count++] = mbuf;
        else
            count_unsent(counters_, side, {&mbuf, 1}, Reason::frame_too_long);
    }
    const auto ready = std::span(mbufs).first(count);
    const auto rest = ready.subspan(send(side, ready, kFruitlessTries));
    if (!rest.empty()) [[unlikely]]
        give_up(side, rest);
}

/// Drops what the queue does not take; control traffic gets another chance.
void MbufIo::give_up(Side side, std::span<rte_mbuf* const> rest) noexcept {
    std::array<rte_mbuf*, kBurst> control;
    std::size_t count = 0;
    for (rte_mbuf* mbuf : rest) {
        if (is_control_frame({rte_pktmbuf_mtod(mbuf, const std::byte*), mbuf->data_len}))
            control[count++] = mbuf;
        else
            count_unsent(counters_, side, {&mbuf, 1}, Reason::tx_full);
    }
    const auto first = std::span(control).first(count);
    count_unsent(counters_, side, first.subspan(send(side, first, kControlTries)), Reason::tx_full);
}

/// Returns how many of the mbufs left, from the first on.
std::size_t MbufIo::send(Side side, std::span<rte_mbuf*> mbufs, int tries) noexcept {
    if (mbufs.empty()) return 0;
    if (Outbox* outbox = pair_.outbox(side, worker_)) return outbox->offer(mbufs);
    Port& port = pair_.port(side);
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
    rte_mbuf* mbuf = size > pair_.longest() ? nullptr : rte_pktmbuf_alloc(pair_.pool());
    if (mbuf == nullptr) return nullptr;
    Frame* frame = empty_frame(mbuf);
    frame->injected = true;
    return frame;
}

}  // namespace sluis
