// What a worker does while more comes than it can inspect.
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/worker.h"

namespace sluis {
namespace {

/// Bursts that are read in a round of which one is inspected: so many times as fast is a queue emptied.
constexpr int kBurstsAhead = 4;

}  // namespace

void Worker::note_full_burst(Port& port) noexcept {
    const QueueDepth depth = port.depth(static_cast<std::uint16_t>(index_));
    signs_.deep = signs_.deep || depth == QueueDepth::deep;
    signs_.blind = signs_.blind || depth == QueueDepth::unknown;
}

/// At a round's end.
void Worker::note_overload(Nanoseconds now) noexcept {
    const bool turned = overload_.note(signs_, set_.missed_frames.load(std::memory_order_relaxed), now);
    signs_ = {};
    if (!turned) [[likely]]
        return;
    counters_.overloaded = overload_.is_on();
    counters_.overloads += overload_.is_on();
    pipeline_.relieve(overload_.is_on());
    if (!overload_.is_on()) empty_backlogs(now);
}

/// `receive` in an overload: control traffic, then one burst of all else.
std::size_t Worker::receive_ahead(Entry entry, Nanoseconds now) noexcept {
    Backlog& backlog = backlogs_[static_cast<std::size_t>(entry.side)];
    std::size_t frames = read_ahead(entry);
    frames += judge_some(backlog.control(), now);
    frames += judge_some(backlog.others(), now);
    signs_.waiting = signs_.waiting || backlog.size() > kBurst;
    return frames;
}

std::size_t Worker::read_ahead(Entry entry) noexcept {
    Port& port = set_.pair(entry.link).port(entry.side);
    Backlog& backlog = backlogs_[static_cast<std::size_t>(entry.side)];
    std::size_t read = 0;
    std::array<rte_mbuf*, kBurst> mbufs;
    for (int i = 0; i < kBurstsAhead; ++i) {
        const std::size_t count = port.receive(static_cast<std::uint16_t>(index_), mbufs);
        count_on_link(entry, std::span(mbufs).first(count));
        for (rte_mbuf* mbuf : std::span(mbufs).first(count)) rte_prefetch0(rte_pktmbuf_mtod(mbuf, void*));
        for (rte_mbuf* mbuf : std::span(mbufs).first(count)) {
            Frame* frame = adopt(mbuf, entry);
            if (frame == nullptr || backlog.add(frame)) continue;
            count_refused(entry.side, frame->length, Reason::overload_drop);
            io_.drop({&frame, 1});
        }
        read += count;
        if (count < kBurst) break;
    }
    return read;
}

/// A burst of what waits. Returns how many frames that were.
std::size_t Worker::judge_some(FrameFifo& frames, Nanoseconds now) noexcept {
    std::size_t count = 0;
    for (; count < kBurst; ++count) {
        Frame* frame = frames.pop();
        if (frame == nullptr) break;
        assign(frame, owners());
    }
    if (count != 0) judge_assigned(now);
    return count;
}

void Worker::empty_backlogs(Nanoseconds now) noexcept {
    for (Backlog& backlog : backlogs_)
        for (FrameFifo* frames : {&backlog.control(), &backlog.others()})
            while (judge_some(*frames, now) != 0) {
            }
}

}  // namespace sluis
