// What a worker counts, as plain data that another process may map and read at any time.
//
// One writer a block (its worker; of the header, with the ports in it, the main thread), fixed widths, no pointers.
// Readers and writers take each value with one aligned load or store (shared_value.h). Readers may see counts of one
// burst half done; at rest, `rx + injected = tx + held + sum(drops)` holds to the frame. What a port missed was never
// received: it is apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dataplane/interface/finding.h"
#include "dataplane/interface/shared_value.h"
#include "dataplane/packet/frame.h"
#include "dataplane/verdict/reason.h"

namespace sluis {

inline constexpr std::uint64_t kCountersMagic = 0x314e'5543'5355'4c53;  // "SLUSCUN1"
inline constexpr std::uint32_t kCountersVersion = 6;
inline constexpr std::uint32_t kReasonSlots = 96;  ///< room for reasons to come without a new layout

/// Zones and categories that are counted apart. The last slot of each takes all those that found no slot of their own.
inline constexpr std::size_t kZoneSlots = 65, kCategorySlots = 16;
/// Names by the slots of the client's zone and of the category, and by Protocol.
template <typename Count>
using ZoneCountsOf = std::array<std::array<std::array<Count, kProtocolNames.size()>, kCategorySlots>, kZoneSlots>;

/// What one link carried, as one worker took it from its ports and gave it to them. Indexed by Side.
template <typename Count>
struct LinkCountsOf {
    std::array<Count, 2> rx_frames;
    std::array<Count, 2> rx_bytes;
    std::array<Count, 2> tx_frames;
    std::array<Count, 2> tx_bytes;
};

/// One worker's counts for one inline set, which mostly is one port pair. All are totals since start but `held` and the
/// gauges.
template <typename Count>
struct alignas(64) CountersOf {
    // Indexed by Side: the side that a frame came from (rx) or went out of (tx).
    std::array<Count, 2> rx_frames;
    std::array<Count, 2> rx_bytes;
    std::array<Count, 2> tx_frames;
    std::array<Count, 2> tx_bytes;
    Count injected_frames;                   ///< made by the box
    Count held_frames;                       ///< gauge: in the box now
    std::array<Count, kReasonSlots> drops;   ///< frames not sent, by Reason
    std::array<Count, kReasonSlots> blocks;  ///< flows and messages refused, by Reason
    std::array<Count, kReasonSlots> errors;  ///< what was met without a drop, by Reason
    /// Of a pair on monitor: frames that went on and that it would have dropped inline, and flows and messages that it
    /// would have refused, by Reason.
    std::array<Count, kReasonSlots> would_drop;
    std::array<Count, kReasonSlots> would_block;
    std::array<Count, 8> names_allowed;    ///< by Protocol
    std::array<Count, 8> names_blocked;    ///< by Protocol
    std::array<Count, 8> names_monitored;  ///< by Protocol: matched a category that is only monitored
    ZoneCountsOf<Count> zone_blocked;      ///< of names_blocked, and of what an address rule refused
    ZoneCountsOf<Count> zone_monitored;    ///< of names_monitored
    Count handed_over;                     ///< frames given to the worker that owns their flow (counted as rx there)
    Count flows;                           ///< gauge: undecided, cleartext and blocked TCP flows
    Count flows_inserted;
    Count flows_settled;
    Count flows_evicted;
    Count flows_expired;
    Count quic_connections;  ///< gauge
    Count fragments_held;    ///< gauge, frames
    Count heartbeat;         ///< rounds of polling, those that found nothing too
    Count busy_cycles;       ///< TSC cycles spent on bursts that held frames
    Count total_cycles;      ///< TSC cycles since start
    Count overloaded;        ///< gauge: 1 while more comes than the worker can inspect
    Count overloads;         ///< times that this began
    /// By the place of a pair in its set. All zero for a set of one pair, whose ports carry all that is counted above.
    std::array<LinkCountsOf<Count>, kMaxSetPairs> links;
};

/// In the file, where its worker counts while others read.
using LiveCounters = CountersOf<SharedCount>;
using LiveZoneCounts = ZoneCountsOf<SharedCount>;
/// A copy, or a sum of some.
using WorkerCounters = CountersOf<std::uint64_t>;
using ZoneCounts = ZoneCountsOf<std::uint64_t>;

static_assert(std::is_trivially_copyable_v<LiveCounters> && std::is_standard_layout_v<LiveCounters>);
static_assert(sizeof(LiveCounters) == sizeof(WorkerCounters));
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
