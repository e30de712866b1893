#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "dataplane/packet/flow_owner.h"
#include "dataplane/port/mbuf_frame.h"

namespace sluis {
namespace {

constexpr Nanoseconds kTick = kSecond / 1000;
constexpr std::uint32_t kIdlePolls = 1000;
/// How long a stop waits for a port to take the last frames.
constexpr Nanoseconds kLastFrames = kSecond;

/// For each port: a part of the buffers that leaves most of them to the device.
std::uint32_t backlog_frames(InlineSet& set) noexcept {
    constexpr std::uint32_t kPart = 16;
    return std::min(Backlog::kFrames, set.pool()->size / set.workers() / kPart);
}

}  // namespace

TscClock::TscClock() noexcept : start_(rte_rdtsc()), nanoseconds_per_cycle_((kSecond << 32) / rte_get_tsc_hz()) {}

std::uint64_t TscClock::epoch() const noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kSecond + static_cast<std::uint64_t>(now.tv_nsec) - at(rte_rdtsc());
}

Worker::Worker(const Setting& setting, const Limits& limits, std::uint32_t idle_sleep_us)
    : set_(setting.set),
      index_(setting.index),
      number_(setting.number),
      counters_(setting.counters),
      generations_(setting.generations),
      observer_(setting.observer),
      tracer_(setting.tracer),
      mode_switch_(setting.mode),
      io_(set_, index_, counters_),
      pipeline_(limits, io_, counters_, setting.observer),
      batches_(set_.workers()),
      backlogs_{Backlog(backlog_frames(set_)), Backlog(backlog_frames(set_))},
      idle_sleep_us_(idle_sleep_us) {}

void Worker::run(const std::atomic<bool>& stop) noexcept {
    generations_.enter(number_);
    while (!stop.load(std::memory_order_relaxed)) {
        take_generation();
        if (mode_switch_.wanted() != mode_) [[unlikely]]
            take_mode();
        poll();
    }
    take_generation();  // it may have slept through a swap
    stop_in_order();
    generations_.leave(number_);
}

/// Between two bursts, and nowhere else: what the main thread has swapped in, judges from here on.
void Worker::take_generation() noexcept {
    const Generation* latest = generations_.take(number_);
    if (latest->number() == generation_) return;
    generation_ = latest->number();
    pipeline_.use(*latest, number_);
}

/// Between two bursts, too. Where the pipeline is not ready for the mode, the former one goes on until it is.
void Worker::take_mode() noexcept {
    const PairMode wanted = mode_switch_.wanted();
    if (!pipeline_.enter(wanted)) return;
    mode_ = wanted;
    mode_switch_.take(index_, wanted);
}

/// One round: rx → (hand-over) → pipeline → tx, for every port; the pipeline itself sends through `io_`.
void Worker::poll() noexcept {
    const std::uint64_t begin = rte_rdtsc();
    const Nanoseconds now = clock_.at(begin);
    std::size_t frames = 0;
    for (std::uint8_t link = 0; link < set_.size(); ++link)
        for (const Side side : {Side::inside, Side::outside}) frames += receive({link, side}, now);
    frames += take_handed_over(now);
    frames += serve_outboxes();
    if (now - last_tick_ >= kTick) {
        last_tick_ = now;
        pipeline_.tick(now);
    }
    note_overload(now);
    const std::uint64_t end = rte_rdtsc();
    ++counters_.heartbeat;
    counters_.total_cycles = end - clock_.start();
    if (frames != 0) counters_.busy_cycles += end - begin;
    rest_when_idle(frames == 0);
}

/// A tracer is not used beyond the burst: between two bursts it may go.
void Worker::process(std::span<Frame* const> frames, Nanoseconds now) noexcept {
    FrameTracer* tracer = tracer_.load(std::memory_order_acquire);
    if (tracer == nullptr) [[likely]]
        return pipeline_.process(frames, now);
    tracer->process(pipeline_, frames, now);
}

std::size_t Worker::receive(Entry entry, Nanoseconds now) noexcept {
    Port& port = set_.pair(entry.link).port(entry.side);
    if (index_ >= port.info().rx_queues) return 0;
    if (overload_.is_on()) [[unlikely]]
        return receive_ahead(entry, now);
    std::array<rte_mbuf*, kBurst> mbufs;
    const std::size_t count = port.receive(static_cast<std::uint16_t>(index_), mbufs);
    if (count == 0) return 0;
    if (count == kBurst) note_full_burst(port);
    sort_by_owner(std::span(mbufs).first(count), entry);
    judge_assigned(now);
    return count;
}

/// What a set has received in all, the owners of its flows count.
void Worker::count_on_link(Entry entry, std::span<rte_mbuf* const> mbufs) noexcept {
    if (set_.size() == 1) return;
    auto& counts = counters_.links[entry.link];
    const auto side = static_cast<std::size_t>(entry.side);
    counts.rx_frames[side] += mbufs.size();
    for (const rte_mbuf* mbuf : mbufs) counts.rx_bytes[side] += mbuf->pkt_len;
}

void Worker::judge_assigned(Nanoseconds now) noexcept {
    hand_over();
    Batch& own = batches_[index_];
    if (own.count != 0) process(own.all(), now);
    own.count = 0;
}

void Worker::sort_by_owner(std::span<rte_mbuf* const> mbufs, Entry entry) noexcept {
    count_on_link(entry, mbufs);
    constexpr std::size_t kAhead = 4;
    const std::uint32_t among = owners();
    for (std::size_t i = 0; i < mbufs.size(); ++i) {
        if (i + kAhead < mbufs.size()) rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + kAhead], void*));
        if (Frame* frame = adopt(mbufs[i], entry); frame != nullptr) assign(frame, among);
    }
}

/// What nobody inspects has no owner but the one who received it.
std::uint32_t Worker::owners() const noexcept { return inspects(mode_) ? set_.workers() : 1; }

/// Puts a frame into its owner's batch.
void Worker::assign(Frame* frame, std::uint32_t owners) noexcept {
    batches_[owners == 1 ? index_ : flow_owner(frame->bytes(), owners)].add(frame);
}

/// Makes a frame of what was received, whole and in one piece; nullptr, counted, when it is not.
Frame* Worker::adopt(rte_mbuf* mbuf, Entry entry) noexcept {
    const bool whole = mbuf->nb_segs == 1 ? mbuf->pkt_len == mbuf->data_len : rte_pktmbuf_linearize(mbuf) == 0;
    if (whole) [[likely]]
        return received_frame(mbuf, entry.side, entry.link);
    refuse_broken(mbuf, entry);
    return nullptr;
}

void Worker::refuse_broken(rte_mbuf* mbuf, Entry entry) noexcept {
    count_refused(entry.side, mbuf->pkt_len, Reason::frame_too_long);
    rte_pktmbuf_free(mbuf);
}

/// Gives each frame that another worker owns to it. The owner counts it as received; if its ring is full, we do.
void Worker::hand_over() noexcept {
    for (std::uint32_t owner = 0; owner < batches_.size(); ++owner) {
        Batch& batch = batches_[owner];
        if (owner == index_ || batch.count == 0) continue;
        const unsigned given =
            rte_ring_sp_enqueue_burst(set_.handoff(index_, owner), reinterpret_cast<void**>(batch.frames.data()),
                                      static_cast<unsigned>(batch.count), nullptr);
        counters_.handed_over += given;
        if (given != batch.count) refuse_handed_over(batch.all().subspan(given));
        batch.count = 0;
    }
}

/// There is no room at their owner's. Control traffic has no flow that he would have to know: it goes on from here.
void Worker::refuse_handed_over(std::span<Frame* const> frames) noexcept {
    for (Frame* frame : frames) {
        if (is_control_frame(frame->bytes())) {
            batches_[index_].add(frame);
            continue;
        }
        count_refused(frame->ingress, frame->length, Reason::handoff_full);
        io_.drop({&frame, 1});
    }
}

std::size_t Worker::take_handed_over(Nanoseconds now) noexcept {
    std::size_t total = 0;
    std::array<Frame*, kBurst> frames;
    for (std::uint32_t giver = 0; giver < set_.workers(); ++giver) {
        if (giver == index_) continue;
        unsigned left = 0;
        const unsigned count = rte_ring_sc_dequeue_burst(set_.handoff(giver, index_),
                                                         reinterpret_cast<void**>(frames.data()), kBurst, &left);
        if (left > kBurst) [[unlikely]] {
            signs_.waiting = true;
            signs_.deep = signs_.deep || left >= InlineSet::kHandoffFrames / 2;
        }
        if (count != 0) process(std::span(frames).first(count), now);
        total += count;
    }
    return total;
}

/// Worker 0 fills the only transmit queue of a port for the others.
std::size_t Worker::serve_outboxes() noexcept {
    std::size_t sent = 0;
    if (index_ != 0) return sent;
    visit_ports([&](PortPair& pair, Side side) {
        for (std::uint32_t worker = 1; worker < set_.workers(); ++worker)
            if (Outbox* outbox = pair.outbox(side, worker)) sent += outbox->serve(pair.port(side));
    });
    return sent;
}

/// Counts a frame that was received and that no pipeline will see.
void Worker::count_refused(Side side, std::uint32_t length, Reason reason) noexcept {
    ++counters_.rx_frames[static_cast<std::size_t>(side)];
    counters_.rx_bytes[static_cast<std::size_t>(side)] += length;
    ++counters_.drops[static_cast<std::size_t>(reason)];
}

void Worker::rest_when_idle(bool idle) noexcept {
    idle_polls_ = idle ? idle_polls_ + 1 : 0;
    if (idle_sleep_us_ == 0 || idle_polls_ < kIdlePolls) return;
    idle_polls_ = kIdlePolls;
    generations_.leave(number_);  // nobody waits for one who sleeps
    ::usleep(idle_sleep_us_);
    generations_.enter(number_);
}

/// Nothing comes in any more; what others still hand over is judged, fragments without the rest of their datagram are
/// dropped, and the last to fill the queues stays until they have taken it.
void Worker::stop_in_order() noexcept {
    empty_backlogs(clock_.at(rte_rdtsc()));
    wait_for_all(set_.workers_deaf);
    while (take_handed_over(clock_.at(rte_rdtsc())) != 0) {
    }
    pipeline_.give_up_held();
    wait_for_all(set_.workers_released);
    const Nanoseconds deadline = clock_.at(rte_rdtsc()) + kLastFrames;
    while (!outboxes_empty() && clock_.at(rte_rdtsc()) < deadline) serve_outboxes();
}

/// Says that this worker came here, and works on for the others until all of them have.
void Worker::wait_for_all(std::atomic<std::uint32_t>& count) noexcept {
    count.fetch_add(1, std::memory_order_acq_rel);
    while (count.load(std::memory_order_acquire) < set_.workers()) {
        take_handed_over(clock_.at(rte_rdtsc()));
        serve_outboxes();
    }
}

bool Worker::outboxes_empty() noexcept {
    if (index_ != 0) return true;
    bool empty = true;
    visit_ports([&](PortPair& pair, Side side) {
        for (std::uint32_t worker = 1; worker < set_.workers(); ++worker)
            if (Outbox* outbox = pair.outbox(side, worker); outbox != nullptr && !outbox->empty()) empty = false;
    });
    return empty;
}

void Worker::abandon_unsent() noexcept {
    visit_ports([&](PortPair& pair, Side side) {
        if (Outbox* outbox = pair.outbox(side, index_)) outbox->abandon(counters_);
    });
}

}  // namespace sluis
