// IP fragments, put together to look at; the original frames are what is forwarded.
#pragma once

#include <memory>

#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/slot_index.h"
#include "dataplane/flow/slot_queues.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"
#include "dataplane/packet/packet.h"

namespace sluis {

/// Takes back chains of frames that are not sent.
class FrameDisposal {
public:
    virtual void dispose(Frame* chain, Reason reason) noexcept = 0;

protected:
    ~FrameDisposal() = default;
};

/// A bounded tracker of incomplete datagrams. No datagram with an overlap passes (RFC 5722, for both families), nor one
/// whose first fragment lacks the transport header (RFC 1858). What was dropped of a datagram stays dropped. The same
/// fragment again, with the same bytes, is no overlap: the first copy counts (RFC 8200, section 4.5).
///
/// Where there is no room, a refused datagram is forgotten: whatever else comes of it is never whole. Then the one that
/// is incomplete for longest is given up, unless it came within the last kPatience. Only where all are that young, the
/// whole is exhausted.
class FragmentTracker {
public:
    /// The largest datagram: 65,535 bytes (RFC 791; RFC 8200).
    static constexpr std::uint32_t kDatagramLimit = 65535;
    /// The most pieces that are kept of one, whatever the configuration says.
    static constexpr std::uint32_t kPieceLimit = 64;
    /// Senders put the fragments of a datagram on the wire back to back.
    static constexpr Nanoseconds kPatience = kSecond / 4;

    FragmentTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget, FrameDisposal& disposal,
                    std::uint64_t seed);

    /// A datagram that a fragment completed.
    struct Whole {
        Frame* chain = nullptr;  ///< all fragments, in the order in which they came; nullptr: not complete
        MutableBytes bytes;      ///< what they held, valid until the next call
        Packet first;            ///< the packet of the fragment with offset 0
        std::uint8_t protocol = 0;
    };
    /// Whether other fragments of its datagram came already.
    bool knows(const Packet& packet) const noexcept;
    /// Takes a fragment. It is held, disposed of, or completes its datagram. When the whole is exhausted and the policy
    /// is open, `passed` becomes true: the caller forwards the frame uninspected.
    Whole add(const Packet& packet, Nanoseconds now, bool& passed) noexcept;
    /// Disposes of what did not come together in time.
    void advance(Nanoseconds now) noexcept;
    /// Disposes of everything that is held, as if its time were over.
    void give_up_all() noexcept;
    /// Whether the frames that come from here on are copies, which are in no account. REQUIRES: nothing is held.
    void hold_copies(bool copies) noexcept { copies_ = copies; }

private:
    struct Key {
        std::array<std::byte, 16> source;
        std::array<std::byte, 16> destination;
        std::uint32_t identification;
        std::uint16_t vlan;
        std::uint8_t family;    ///< 4 or 6, and kFromOutside
        std::uint8_t protocol;  ///< IPv4 only: there it belongs to the key (RFC 791, section 3.2)
        friend bool operator==(const Key& a, const Key& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }
    };
    static_assert(sizeof(Key) == 40);
    static constexpr std::uint8_t kFromOutside = 0x80;
    struct Piece {
        std::uint32_t begin, end;  ///< bytes in the datagram
        Bytes bytes;
    };
    struct Datagram {
        Key key;
        std::uint64_t hash;
        Nanoseconds opened;
        Nanoseconds expires;
        Frame* head;
        Frame* tail;
        Packet first;
        std::uint32_t total;                    ///< bytes; 0 until the last fragment came
        std::uint32_t received;                 ///< bytes
        std::uint32_t share;                    ///< of its source's datagrams and fragments
        std::array<Piece, kPieceLimit> pieces;  ///< by offset
        std::uint8_t count;
        Reason refused;  ///< why it was dropped, and so is all that follows; none while it may pass
        bool in_use;
    };

    static Key key_of(const Packet& packet) noexcept;
    std::uint32_t find(const Key& key, std::uint64_t hashed) const noexcept;
    std::uint32_t open(const Key& key, std::uint64_t hashed, std::uint32_t share, Nanoseconds now) noexcept;
    Whole add_to(std::uint32_t slot, const Packet& packet, Nanoseconds now, bool& passed) noexcept;
    /// The datagram that is incomplete for longest and may be given up, or kNone.
    std::uint32_t stalest(Nanoseconds now) const noexcept;
    std::uint32_t take_slot(Nanoseconds now) noexcept;
    void give_up(std::uint32_t slot, Reason reason) noexcept;
    /// Nothing is left for anybody: the policy decides.
    void exhausted(Frame* frame, bool& passed) noexcept;
    static bool is_duplicate(const Datagram& datagram, const Packet& packet) noexcept;
    Reason test(const Datagram& datagram, const Packet& packet) const noexcept;
    bool insert(Datagram& datagram, const Packet& packet) noexcept;
    Whole complete(std::uint32_t slot) noexcept;
    void refuse(std::uint32_t slot, Frame* frame, Reason reason) noexcept;
    void give_back_shares(Datagram& datagram) noexcept;
    void forget(std::uint32_t slot, bool timed) noexcept;
    void count_held() noexcept {
        counters_.fragments_held = held_;
        counters_.held_frames = copies_ ? 0 : held_;
    }

    const Limits& limits_;
    LiveCounters& counters_;
    SourceBudget& budget_;
    FrameDisposal& disposal_;
    std::uint64_t seed_;
    SlotIndex index_;
    SlotPool<Datagram> datagrams_;
    TimerWheel timers_;
    SlotQueues queues_;
    std::uint32_t held_ = 0;
    bool copies_ = false;
    std::unique_ptr<std::byte[]> whole_;
};

}  // namespace sluis
