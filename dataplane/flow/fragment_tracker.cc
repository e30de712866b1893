#include "dataplane/flow/fragment_tracker.h"

#include <algorithm>
#include <cstring>

namespace sluis {
namespace {

constexpr std::uint32_t kNone = SlotIndex::kNone;

/// The datagrams by what becomes of them, each in the order in which they came to be so.
enum Queue : std::uint32_t { kIncomplete, kRefused, kQueues };

/// The bytes of transport header that a first fragment must hold, so that no host reads another port or flag
/// from the next one (RFC 1858, section 4; RFC 7112).
std::size_t least_first_fragment(std::uint8_t protocol) noexcept {
    return protocol == kProtocolTcp ? 20 : protocol == kProtocolUdp ? 8 : 1;
}

/// Whether a frame begins with the link layers of `packet`: an answer to the chain repeats those of its first frame.
bool same_link(const Frame& frame, const Packet& packet) noexcept {
    const std::uint32_t size = packet.network_offset;
    return frame.length >= size && std::memcmp(frame.data, packet.frame->data, size) == 0;
}

}  // namespace

FragmentTracker::FragmentTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget,
                                 FrameDisposal& disposal, std::uint64_t seed)
    : limits_(limits),
      counters_(counters),
      budget_(budget),
      disposal_(disposal),
      seed_(seed),
      index_(limits.datagrams),
      datagrams_(limits.datagrams),
      timers_(limits.datagrams),
      queues_(limits.datagrams, kQueues),
      whole_(std::make_unique_for_overwrite<std::byte[]>(kDatagramLimit)) {}

FragmentTracker::Key FragmentTracker::key_of(const Packet& packet) noexcept {
    return {packet.endpoints.source.address.bytes,
            packet.endpoints.destination.address.bytes,
            packet.fragment.identification,
            packet.vlan_count ? packet.vlan[packet.vlan_count - 1u] : std::uint16_t{0},
            static_cast<std::uint8_t>((packet.endpoints.ipv6 ? 6 : 4) |
                                      (packet.ingress() == Side::outside ? kFromOutside : 0)),
            packet.endpoints.ipv6 ? std::uint8_t{0} : packet.fragment.protocol};
}

bool FragmentTracker::knows(const Packet& packet) const noexcept {
    const Key key = key_of(packet);
    return find(key, hash_words(&key, sizeof key, seed_)) != kNone;
}

FragmentTracker::Whole FragmentTracker::add(const Packet& packet, Nanoseconds now, bool& passed) noexcept {
    const Key key = key_of(packet);
    const std::uint64_t hashed = hash_words(&key, sizeof key, seed_);
    std::uint32_t slot = find(key, hashed);
    if (slot != kNone) return add_to(slot, packet, now, passed);
    // A source's own budget comes first: no source that floods may find everything exhausted, and therefore open.
    const std::uint32_t share = budget_.take(packet, Budget::datagrams, limits_.datagrams_per_source);
    if (share == kNone) return disposal_.dispose(packet.frame, Reason::fragment_limit), Whole{};
    slot = open(key, hashed, share, now);
    if (slot != kNone) return add_to(slot, packet, now, passed);
    budget_.give_back(share, Budget::datagrams);
    return exhausted(packet.frame, passed), Whole{};
}

FragmentTracker::Whole FragmentTracker::add_to(std::uint32_t slot, const Packet& packet, Nanoseconds now,
                                               bool& passed) noexcept {
    Datagram& datagram = datagrams_[slot];
    if (datagram.refused != Reason::none) return disposal_.dispose(packet.frame, datagram.refused), Whole{};
    if (is_duplicate(datagram, packet)) return disposal_.dispose(packet.frame, Reason::fragment_duplicate), Whole{};
    if (const Reason why = test(datagram, packet); why != Reason::none) return refuse(slot, packet.frame, why), Whole{};
    // A part of a source has room for one datagram at least.
    const std::uint32_t share = datagram.share, one = limits_.fragments_per_datagram;
    if (!budget_.charge(share, Budget::fragments, 1, limits_.fragments_per_source, one))
        return refuse(slot, packet.frame, Reason::fragment_limit), Whole{};
    if (held_ >= limits_.fragments) {
        const std::uint32_t stale = stalest(now);
        if (stale == kNone || stale == slot) budget_.give_back(share, Budget::fragments);
        if (stale == kNone) return exhausted(packet.frame, passed), Whole{};
        if (stale == slot) return refuse(slot, packet.frame, Reason::fragment_limit), Whole{};
        give_up(stale, Reason::fragment_limit);
    }
    if (!insert(datagram, packet)) {
        budget_.give_back(share, Budget::fragments);
        return refuse(slot, packet.frame, Reason::fragment_overlap), Whole{};
    }
    if (datagram.total == 0 || datagram.received != datagram.total) return {};
    return complete(slot);
}

void FragmentTracker::exhausted(Frame* frame, bool& passed) noexcept {
    if (limits_.exhausted == FailPolicy::closed) return disposal_.dispose(frame, Reason::fragment_limit);
    ++counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
    passed = true;
}

std::uint32_t FragmentTracker::find(const Key& key, std::uint64_t hashed) const noexcept {
    return index_.find(hashed, [&](std::uint32_t at) { return datagrams_[at].key == key; });
}

std::uint32_t FragmentTracker::open(const Key& key, std::uint64_t hashed, std::uint32_t share,
                                    Nanoseconds now) noexcept {
    const std::uint32_t slot = take_slot(now);
    if (slot == kNone) return kNone;
    Datagram& datagram = datagrams_[slot];
    datagram.key = key;
    datagram.hash = hashed;
    datagram.share = share;
    datagram.opened = now;
    datagram.expires = now + limits_.fragment_lifetime;
    datagram.head = datagram.tail = nullptr;
    datagram.total = datagram.received = 0;
    datagram.count = 0;
    datagram.refused = Reason::none;
    datagram.in_use = true;
    index_.insert(hashed, slot);
    timers_.insert(slot, datagram.expires);
    queues_.push_back(slot, kIncomplete);
    return slot;
}

std::uint32_t FragmentTracker::stalest(Nanoseconds now) const noexcept {
    const std::uint32_t oldest = queues_.front(kIncomplete);
    return oldest != kNone && datagrams_[oldest].opened + kPatience <= now ? oldest : kNone;
}

std::uint32_t FragmentTracker::take_slot(Nanoseconds now) noexcept {
    if (!datagrams_.has_free()) {
        const std::uint32_t refused = queues_.front(kRefused);
        const std::uint32_t goes = refused != kNone ? refused : stalest(now);
        if (goes == kNone) return kNone;
        give_up(goes, Reason::fragment_limit);
    }
    return datagrams_.take();
}

void FragmentTracker::give_up(std::uint32_t slot, Reason reason) noexcept {
    Datagram& datagram = datagrams_[slot];
    if (datagram.head != nullptr) disposal_.dispose(datagram.head, reason);
    datagram.head = nullptr;
    forget(slot, true);
}

/// The same range with the same bytes, and the same say on whether more follows.
bool FragmentTracker::is_duplicate(const Datagram& datagram, const Packet& packet) noexcept {
    const auto stop = datagram.pieces.begin() + datagram.count;
    const auto piece = std::find_if(datagram.pieces.begin(), stop,
                                    [&](const Piece& known) { return known.begin == packet.fragment.offset; });
    if (piece == stop || !std::ranges::equal(piece->bytes, packet.transport)) return false;
    const bool was_last = datagram.total != 0 && piece->end == datagram.total;
    return was_last == !packet.fragment.more;
}

Reason FragmentTracker::test(const Datagram& datagram, const Packet& packet) const noexcept {
    const FragmentInfo& fragment = packet.fragment;
    const auto size = static_cast<std::uint32_t>(packet.transport.size());
    const std::uint32_t end = fragment.offset + size;
    if (size == 0 || end > kDatagramLimit) return Reason::fragment_malformed;
    if (fragment.more && size % 8 != 0) return Reason::fragment_malformed;
    if (fragment.offset == 0 && size < least_first_fragment(fragment.protocol)) return Reason::fragment_tiny;
    if (fragment.offset != 0 && fragment.offset < 16 && fragment.protocol == kProtocolTcp) return Reason::fragment_tiny;
    if (!fragment.more && datagram.total != 0) return Reason::fragment_overlap;
    if (datagram.total != 0 && end > datagram.total) return Reason::fragment_overlap;
    if (!fragment.more && datagram.count != 0 && datagram.pieces[datagram.count - 1u].end > end)
        return Reason::fragment_overlap;
    if (datagram.count == std::min<std::uint32_t>(limits_.fragments_per_datagram, kPieceLimit))
        return Reason::fragment_limit;
    return Reason::none;
}

/// Returns false for an overlap.
bool FragmentTracker::insert(Datagram& datagram, const Packet& packet) noexcept {
    const std::uint32_t begin = packet.fragment.offset;
    const std::uint32_t end = begin + static_cast<std::uint32_t>(packet.transport.size());
    std::uint8_t at = datagram.count;
    while (at > 0 && datagram.pieces[at - 1u].begin > begin) --at;
    if (at > 0 && datagram.pieces[at - 1u].end > begin) return false;
    if (at < datagram.count && datagram.pieces[at].begin < end) return false;
    std::move_backward(datagram.pieces.begin() + at, datagram.pieces.begin() + datagram.count,
                       datagram.pieces.begin() + datagram.count + 1);
    datagram.pieces[at] = {begin, end, packet.transport};
    ++datagram.count;
    datagram.received += end - begin;
    if (!packet.fragment.more) datagram.total = end;
    if (begin == 0) datagram.first = packet;
    packet.frame->next = nullptr;
    (datagram.head == nullptr ? datagram.head : datagram.tail->next) = packet.frame;
    datagram.tail = packet.frame;
    ++held_;
    count_held();
    return true;
}

FragmentTracker::Whole FragmentTracker::complete(std::uint32_t slot) noexcept {
    Datagram& datagram = datagrams_[slot];
    for (std::uint8_t i = 0; i < datagram.count; ++i)
        std::copy(datagram.pieces[i].bytes.begin(), datagram.pieces[i].bytes.end(), &whole_[datagram.pieces[i].begin]);
    Whole whole{datagram.head, {whole_.get(), datagram.total}, datagram.first, datagram.first.fragment.protocol};
    whole.first.answerable &= same_link(*datagram.head, whole.first);
    whole.first.frame = datagram.head;
    datagram.head = nullptr;
    forget(slot, true);
    return whole;
}

void FragmentTracker::refuse(std::uint32_t slot, Frame* frame, Reason reason) noexcept {
    Datagram& datagram = datagrams_[slot];
    if (datagram.head != nullptr) disposal_.dispose(datagram.head, reason);
    frame->next = nullptr;
    disposal_.dispose(frame, reason);
    give_back_shares(datagram);
    datagram.head = datagram.tail = nullptr;
    datagram.refused = reason;
    queues_.push_back(slot, kRefused);
}

void FragmentTracker::give_back_shares(Datagram& datagram) noexcept {
    budget_.give_back(datagram.share, Budget::fragments, datagram.count);
    held_ -= datagram.count;
    count_held();
    datagram.count = 0;
}

void FragmentTracker::forget(std::uint32_t slot, bool timed) noexcept {
    Datagram& datagram = datagrams_[slot];
    give_back_shares(datagram);
    budget_.give_back(datagram.share, Budget::datagrams);
    if (timed) timers_.erase(slot);
    queues_.erase(slot);
    index_.erase(datagram.hash, slot);
    datagram.in_use = false;
    datagrams_.give_back(slot);
}

void FragmentTracker::give_up_all() noexcept {
    if (datagrams_.used() == 0) return;
    for (std::uint32_t slot = 0; slot < datagrams_.capacity(); ++slot)
        if (datagrams_[slot].in_use) give_up(slot, Reason::fragment_timeout);
}

void FragmentTracker::advance(Nanoseconds now) noexcept {
    timers_.advance(now, [&](std::uint32_t slot) -> Nanoseconds {
        Datagram& datagram = datagrams_[slot];
        if (now < datagram.expires) return datagram.expires;
        if (datagram.head != nullptr) disposal_.dispose(datagram.head, Reason::fragment_timeout);
        datagram.head = nullptr;
        forget(slot, false);
        return 0;
    });
}

}  // namespace sluis
