// What a trace writes for control, as plain data in shared memory: a lane of records for each worker, filled from its
// start to its end, with one writer (the worker). The dataplane makes the memory and hands it out for reading only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dataplane/interface/counters.h"
#include "dataplane/interface/event.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis {

inline constexpr std::uint64_t kTraceMagic = 0x3143'5254'5355'4c53;  // "SLUSTRC1"
inline constexpr std::uint32_t kTraceVersion = 1;

// The bounds of one trace. What is asked for beyond one is refused.
inline constexpr std::uint32_t kTraceFrameLimit = 100'000;
inline constexpr std::uint32_t kTraceSecondLimit = 3600;
inline constexpr std::uint32_t kTraceSnapLeast = 64, kTraceSnapLimit = 9216;  ///< bytes of one frame
/// Bytes of all lanes together. What a lane has no room for is lost, and counted.
inline constexpr std::uint64_t kTraceMemoryLimit = std::uint64_t{64} << 20;

enum class TraceKind : std::uint8_t {
    received,  ///< as it came in, with what became of it
    injected,  ///< made by the box
    changed,   ///< sent with other bytes than it had come in with
    released,  ///< held before, sent now
};
inline constexpr std::array<std::string_view, 4> kTraceKindNames{"received", "injected", "changed", "released"};

enum class TraceFate : std::uint8_t { sent, dropped, held };
inline constexpr std::array<std::string_view, 3> kTraceFateNames{"sent", "dropped", "held"};

/// How far the frame's layers could be read: `Decoded` of dataplane/packet/decode.h.
inline constexpr std::array<std::string_view, 5> kTraceLayerNames{"opaque", "transport", "fragment", "too deep",
                                                                  "invalid"};

/// One frame. `findings` Events follow, then `captured` bytes of the frame, then padding up to `size`.
struct TraceRecord {
    static constexpr std::size_t kFindings = 4;  ///< the most that are kept of one frame
    static constexpr std::size_t kReasons = 4;   ///< the most that are kept of one kind

    std::uint32_t size;          ///< bytes of all of it, a multiple of 8
    std::uint32_t frame_length;  ///< bytes on the wire, without the FCS
    std::uint32_t captured;      ///< bytes of it that follow
    TraceKind kind;
    std::uint8_t side;  ///< Side of the port: where it came in; of what was sent, where it went out
    TraceFate fate;
    std::uint8_t layers;       ///< index of kTraceLayerNames
    std::uint64_t time;        ///< nanoseconds since 1970-01-01 UTC
    std::uint64_t generation;  ///< of the rules and policy that judge
    std::uint8_t protocol;     ///< Protocol, where an inspection knew it
    std::uint8_t uninspected;  ///< 1: nothing that any table knows, and nothing begins with it; or by the mode
    std::uint8_t names;        ///< that it completed
    std::uint8_t findings;
    std::uint8_t opened, settled, evicted;  ///< flows, by it
    std::uint8_t ip_protocol;
    std::array<std::uint8_t, kReasons> drops, blocks, errors;  ///< Reason of the writer's build; none: no more
    std::array<std::uint8_t, kReasons> would;  ///< why it would be dropped, or its flow refused: the pair is on monitor
    PairMode mode;                             ///< of the pair
    std::array<std::uint8_t, 7> reserved;
};
static_assert(sizeof(TraceRecord) == 64 && std::is_trivially_copyable_v<TraceRecord>);

struct alignas(64) TraceLane {
    std::uint64_t filled;  ///< the worker's: bytes of whole records
    std::uint64_t lost;    ///< the worker's: records without room
    std::uint64_t epoch;   ///< the main thread's: time of the worker's clock's zero, as Event::time
    char pair[16];         ///< name, zero-terminated
};

enum class TraceEnd : std::uint32_t { running, frames, time, stopped };
inline constexpr std::array<std::string_view, 4> kTraceEndNames{"running", "frames", "time", "stopped"};

/// The start of the file; then `lanes` TraceLanes, then at `records_offset` the records of each, `lane_size` apart.
struct alignas(64) TraceHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t lanes;
    std::uint64_t lane_size;       ///< bytes
    std::uint64_t records_offset;  ///< bytes from the file's start
    std::uint32_t snap;            ///< bytes of a frame at the most
    std::uint32_t end;             ///< TraceEnd, the main thread's: no worker writes any more, unless it is `running`
    std::uint32_t reasons;         ///< kReasonCount of the writer
    std::uint32_t reserved;
};
static_assert(std::is_trivially_copyable_v<TraceHeader> && std::is_trivially_copyable_v<TraceLane>);

}  // namespace sluis
