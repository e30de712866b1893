// What a worker counts, as plain data that another process may map and read at any time.
//
// One writer a block (its worker; of the header, with the ports in it, the main thread), fixed widths, no pointers.
// Readers take each value with one aligned load and may see counts of one burst half done; at rest,
// `rx + injected = tx + held + sum(drops)` holds to the frame. What a port missed was never received: it is apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dataplane/interface/finding.h"
#include "dataplane/packet/frame.h"
#include "dataplane/verdict/reason.h"

namespace sluis {

inline constexpr std::uint64_t kCountersMagic = 0x314e'5543'5355'4c53;  // "SLUSCUN1"
inline constexpr std::uint32_t kCountersVersion = 6;
inline constexpr std::uint32_t kReasonSlots = 96;  ///< room for reasons to come without a new layout

/// Zones and categories that are counted apart. The last slot of each takes all those that found no slot of their own.
inline constexpr std::size_t kZoneSlots = 65, kCategorySlots = 16;
/// Names by the slots of the client's zone and of the category, and by Protocol.
using ZoneCounts = std::array<std::array<std::array<std::uint64_t, kProtocolNames.size()>, kCategorySlots>, kZoneSlots>;

/// What one link carried, as one worker took it from its ports and gave it to them. Indexed by Side.
struct LinkCounts {
    std::array<std::uint64_t, 2> rx_frames;
    std::array<std::uint64_t, 2> rx_bytes;
    std::array<std::uint64_t, 2> tx_frames;
    std::array<std::uint64_t, 2> tx_bytes;
};

/// One worker's counts for one inline set, which mostly is one port pair. All are totals since start but `held` and the
/// gauges.
struct alignas(64) WorkerCounters {
    // Indexed by Side: the side that a frame came from (rx) or went out of (tx).
    std::array<std::uint64_t, 2> rx_frames;
    std::array<std::uint64_t, 2> rx_bytes;
    std::array<std::uint64_t, 2> tx_frames;
    std::array<std::uint64_t, 2> tx_bytes;
    std::uint64_t injected_frames;                   ///< made by the box
    std::uint64_t held_frames;                       ///< gauge: in the box now
    std::array<std::uint64_t, kReasonSlots> drops;   ///< frames not sent, by Reason
    std::array<std::uint64_t, kReasonSlots> blocks;  ///< flows and messages refused, by Reason
    std::array<std::uint64_t, kReasonSlots> errors;  ///< what was met without a drop, by Reason
    /// Of a pair on monitor: frames that went on and that it would have dropped inline, and flows and messages that it
    /// would have refused, by Reason.
    std::array<std::uint64_t, kReasonSlots> would_drop;
    std::array<std::uint64_t, kReasonSlots> would_block;
    std::array<std::uint64_t, 8> names_allowed;    ///< by Protocol
    std::array<std::uint64_t, 8> names_blocked;    ///< by Protocol
    std::array<std::uint64_t, 8> names_monitored;  ///< by Protocol: matched a category that is only monitored
    ZoneCounts zone_blocked;                       ///< of names_blocked, and of what an address rule refused
    ZoneCounts zone_monitored;                     ///< of names_monitored
    std::uint64_t handed_over;  ///< frames given to the worker that owns their flow (counted as rx there)
    std::uint64_t flows;        ///< gauge: undecided, cleartext and blocked TCP flows
    std::uint64_t flows_inserted;
    std::uint64_t flows_settled;
    std::uint64_t flows_evicted;
    std::uint64_t flows_expired;
    std::uint64_t quic_connections;  ///< gauge
    std::uint64_t fragments_held;    ///< gauge, frames
    std::uint64_t heartbeat;         ///< rounds of polling, those that found nothing too
    std::uint64_t busy_cycles;       ///< TSC cycles spent on bursts that held frames
    std::uint64_t total_cycles;      ///< TSC cycles since start
    std::uint64_t overloaded;        ///< gauge: 1 while more comes than the worker can inspect
    std::uint64_t overloads;         ///< times that this began
    /// By the place of a pair in its set. All zero for a set of one pair, whose ports carry all that is counted above.
    std::array<LinkCounts, kMaxSetPairs> links;
};

static_assert(std::is_trivially_copyable_v<WorkerCounters> && std::is_standard_layout_v<WorkerCounters>);
static_assert(kReasonCount <= kReasonSlots);

/// What is known of a port's link. `gone`: the interface or device does not exist any more.
enum class LinkState : std::uint64_t { unknown, down, up, gone };
inline constexpr std::array<std::string_view, 4> kLinkStateNames{"unknown", "down", "up", "gone"};

/// One port, as it was seen at most about a second ago.
struct PortCounters {
    std::uint64_t missed_frames;  ///< total: lost before they were received, for want of a descriptor or buffer
    std::uint64_t link_changes;   ///< total
    LinkState link;
    std::uint64_t held_down;  ///< 1: down by the box, since its partner has no link ([[pair]] follow_link)
};

/// The two ports of one pair.
struct PairPorts {
    char name[16];                      ///< of the pair, zero-terminated
    char set[16];                       ///< of the set that it is a link of, zero-terminated; empty: of none
    std::uint64_t link;                 ///< its place among the set's pairs
    std::array<PortCounters, 2> ports;  ///< by Side
};

/// How one pair is run, and why. Texts are cut to what fits.
struct PairModeRecord {
    std::uint64_t changing;                    ///< odd while the record changes
    std::uint64_t mode;                        ///< PairMode
    std::uint64_t cause;                       ///< ModeCause
    std::int64_t since;                        ///< seconds since 1970-01-01 UTC
    std::int64_t until;                        ///< when a change for a time ends; 0: it has no end
    std::uint64_t unkept;                      ///< 1: modes that were set by hand are lost when the process ends
    std::array<std::uint64_t, 8> transitions;  ///< since the start, by ModeCause
    char author[128];                          ///< zero-terminated, as `reason`
    char reason[256];
};

/// Whose the slots are: zero-terminated names, cut to what fits. A name keeps its slot for as long as the process
/// lives, whatever is swapped, so that totals stay totals; empty where the slot is not taken yet.
struct CounterLabels {
    char zones[kZoneSlots][32];
    char categories[kCategorySlots][32];
};

inline constexpr std::size_t kMaxCountersBlocks = 64;  ///< workers that a file has room for, and pairs

/// The start of the mapped file; `workers` blocks follow at `blocks_offset`.
struct alignas(64) CountersHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t block_size;                     ///< sizeof(WorkerCounters) of the writer
    std::uint32_t blocks_offset;                  ///< bytes from the file's start
    std::uint32_t workers;                        ///< number of blocks
    std::uint32_t reasons;                        ///< kReasonCount of the writer
    std::uint32_t pid;                            ///< of the writer
    std::uint64_t started;                        ///< seconds since 1970-01-01 UTC
    std::uint64_t rule_generation;                ///< that all workers judge by; 0 while the digest changes
    char rule_digest[64];                         ///< hexadecimal, not terminated
    char pair_of_worker[kMaxCountersBlocks][16];  ///< the pair, or the set, that each block belongs to, zero-terminated
    std::uint64_t pairs;                          ///< number of entries in pair_ports
    PairPorts pair_ports[kMaxCountersBlocks];     ///< in the configuration's order
    CounterLabels labels;
    PairModeRecord pair_modes[kMaxCountersBlocks];  ///< as pair_ports
    char config_digest[64];  ///< of the configuration's text that the process runs by; hexadecimal, not terminated
};
static_assert(std::is_trivially_copyable_v<CountersHeader> && std::is_standard_layout_v<CountersHeader>);

}  // namespace sluis
