// What workers report to control, as plain data in shared memory: one ring of fixed-size records for each worker, with
// one writer (the worker) and one reader (whoever holds the file's lock). A worker never waits: what finds the ring
// full is lost, and counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dataplane/interface/counters.h"

namespace sluis {

inline constexpr std::uint64_t kEventsMagic = 0x3154'5645'5355'4c53;  // "SLUSEVT1"
inline constexpr std::uint32_t kEventsVersion = 1;
/// Records of one ring: half a megabyte. A reader that comes by every tenth of a second takes 10,000 a second.
inline constexpr std::uint64_t kEventRingSize = 1024;

enum class EventVerdict : std::uint8_t { allowed, monitored, blocked };
inline constexpr std::array<std::string_view, 3> kEventVerdictNames{"allowed", "monitored", "blocked"};

/// One finding. Texts are zero-padded, and cut to what fits.
struct Event {
    std::uint64_t time;        ///< nanoseconds since 1970-01-01 UTC
    std::uint64_t generation;  ///< of the rules and policy that judged (command.proto, State)
    std::uint8_t protocol;     ///< Protocol
    EventVerdict verdict;
    std::uint8_t reason;  ///< Reason of the writer's build
    std::uint8_t ipv6;    ///< 1: all bytes of an address; 0: the first four
    std::uint8_t vlan_count;
    std::uint8_t from_inside;  ///< 1: the client is the source; 0: the destination
    std::uint16_t name_size;   ///< of the whole name; `name` has its last bytes when that is more than it holds
    std::array<std::uint16_t, 4> vlan;  ///< outermost first
    std::array<std::byte, 16> source, destination;
    std::uint16_t source_port, destination_port;
    std::array<std::byte, 6> source_mac, destination_mac;
    char zone[32];
    char category[32];
    char rule[64];
    char name[255];
    std::uint8_t transport;  ///< the IP protocol number (IANA) of the packet; 0: an older writer did not say
    char pair[16];           ///< that the packet came by, zero-padded; empty: an older writer did not say
    char reserved[32];       ///< zero, which a field that is added here has to mean as "unknown"
};
static_assert(sizeof(Event) == 512 && std::is_trivially_copyable_v<Event> && std::is_standard_layout_v<Event>);

/// Positions count records since the start and never wrap. Each line has one writer.
struct EventRing {
    alignas(64) std::uint64_t head;   ///< the worker's: records written
    std::uint64_t lost;               ///< the worker's: records for which there was no room
    alignas(64) std::uint64_t tail;   ///< the reader's: records taken
    alignas(64) std::uint64_t epoch;  ///< the main thread's: time of the worker's clock's zero, as Event::time
    alignas(64) std::array<Event, kEventRingSize> events;
};
static_assert(std::is_trivially_copyable_v<EventRing> && std::is_standard_layout_v<EventRing>);

/// The start of the file; `workers` rings follow at `rings_offset`.
struct alignas(64) EventsHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t ring_size;     ///< sizeof(EventRing) of the writer
    std::uint32_t rings_offset;  ///< bytes from the file's start
    std::uint32_t workers;
    std::uint32_t pid;  ///< of the writer
    std::uint32_t reserved;
    char pair_of_worker[kMaxCountersBlocks][16];  ///< zero-terminated
};
static_assert(std::is_trivially_copyable_v<EventsHeader> && std::is_standard_layout_v<EventsHeader>);

}  // namespace sluis
