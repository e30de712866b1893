// Flows that matched a category while it was monitored, remembered to be cut once it is enforced for their clients: a
// connection that was open before the rule holds goes on for hours otherwise.
//
// A TCP flow that is cut has both its ends reset at its next segment. Of a QUIC connection every datagram is dropped;
// its client is told so by CONNECTION_CLOSE while it still sends Initials, whose keys are known. After the handshake
// nobody here has keys (RFC 9001, section 4.9.1), and the client gives up by itself.
#pragma once

#include <memory>

#include "dataplane/burst.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/slot_index.h"
#include "dataplane/generation.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"

namespace sluis {

class MonitoredFlows {
public:
    /// Remembered flows that one tick looks at. All 16384 of them are cut within a third of a second after a swap.
    static constexpr std::uint32_t kLookedAtPerTick = 64;
    /// How long a flow that was cut is kept from its ends after its last frame: QUIC clients give up sooner.
    static constexpr Nanoseconds kCutFlow = 60 * kSecond;

    /// `limit`: the most that are remembered. Allocates.
    MonitoredFlows(std::uint32_t limit, LiveCounters& counters, std::uint64_t seed);

    void use(const Generation& generation, std::size_t worker) noexcept;
    /// Whether flows are remembered alone, and none is cut: the pair is on monitor. Afterwards those that the policy
    /// enforces are.
    void only_remember(bool only) noexcept { only_remember_ = only; }
    /// A name of the packet's flow matched `category`, which is monitored. Where there is no room, the flow that was
    /// remembered first goes, and is counted.
    void remember(const Packet& packet, std::uint16_t category, Nanoseconds now) noexcept;
    /// Looks at some of the flows, by the policy in force: bounded work. Call once a tick.
    void advance(Nanoseconds now) noexcept;

    /// Whether a frame belongs to a flow that is cut. One test while none is.
    bool is_cut(const PlainPacket& packet) const noexcept {
        return cut_ != 0 && is_cut(packet.protocol, directed_key(packet).key);
    }
    /// Drops the packet when its flow is cut; false when it is not. A new connection on a flow's ports is none of it.
    bool refuse(Action& action, Nanoseconds now) noexcept { return used_ != 0 && refuse_flow(action, now); }

private:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    struct Flow {
        FlowKey key;
        std::uint64_t hash = 0;
        ZoneQuery client;
        Nanoseconds touched = 0;       ///< when it was cut, or its last frame came since
        std::uint32_t generation = 0;  ///< of the last look
        std::uint32_t category = 0;    ///< Generation::category_id()
        std::uint8_t protocol = 0;     ///< 0: the slot is free
        Side opener = Side::inside;
        std::uint8_t link = 0;  ///< of `client`
        bool cut = false;
        bool told = false;  ///< both ends were reset
    };

    bool is_cut(std::uint8_t protocol, const FlowKey& key) const noexcept {
        const std::uint32_t slot = find(protocol, key);
        return slot != kNone && flows_[slot].cut;
    }
    std::uint32_t find(std::uint8_t protocol, const FlowKey& key) const noexcept;
    bool refuse_flow(Action& action, Nanoseconds now) noexcept;
    void set_cut(Flow& flow, bool cut, Nanoseconds now) noexcept;
    void look_at(std::uint32_t slot, Nanoseconds now) noexcept;
    void forget(std::uint32_t slot) noexcept;

    LiveCounters& counters_;
    std::uint64_t seed_;
    std::uint32_t limit_;
    std::unique_ptr<Flow[]> flows_;  ///< a ring: the next slot to take is that of the flow remembered first
    SlotIndex index_;
    std::uint32_t next_ = 0;    ///< slot to take
    std::uint32_t looked_ = 0;  ///< slot to look at
    std::uint32_t used_ = 0;
    std::uint32_t cut_ = 0;
    bool only_remember_ = false;
    const Generation* generation_ = nullptr;
    const LinkPairs* pairs_ = nullptr;  ///< the generation's
};

}  // namespace sluis
