// The bounds on what the box keeps that the configuration can move. What goes beyond one is counted under a Reason.
#pragma once

#include <cstdint>

#include "dataplane/interface/finding.h"

namespace sluis {

/// What happens past a bound: `closed` drops or resets, `open` passes uninspected and counts it.
enum class FailPolicy : std::uint8_t { open, closed };

/// What happens to new flows while more comes than a worker can inspect. `inspect` reads them all the same: frames are
/// lost instead, of whatever flow.
enum class OverloadPolicy : std::uint8_t { open, closed, inspect };

inline constexpr Nanoseconds kSecond = 1'000'000'000;

struct Limits {
    // TCP
    std::uint32_t flows = 65536;                        ///< undecided, cleartext and blocked flows, per worker
    std::uint32_t flows_per_source = 4096;              ///< undecided flows of one IPv4 address or IPv6 /64
    std::uint32_t blocked_flows_per_source = 8192;      ///< beyond it, the oldest is forgotten
    std::uint32_t stream_bytes_per_source = 2u << 20u;  ///< buffers of one source's flows, bytes: 1024 small ones
    std::uint32_t forgotten_hellos =
        65536;  ///< flows with half a hello at their server that lost their room, per worker
    std::uint32_t stream_bytes =
        16384 + 2048;                       ///< kept of one flow's one direction: a 16 KiB hello and its record headers
    std::uint32_t large_streams = 2048;     ///< streams that outgrew a small buffer, per worker (20 KiB each)
    std::uint32_t small_streams = 32768;    ///< streams with a small buffer (2 KiB each), per worker
    std::uint32_t http2_connections = 512;  ///< in cleartext, per worker (5 KiB each)
    std::uint32_t http2_connections_per_source = 64;
    Nanoseconds open_hello = 10 * kSecond;  ///< a hello, header block or message that does not complete
    /// A refused hello of which the server has a part: its rest must not pass. No server waits for longer.
    Nanoseconds unfinished_hello = 3600 * kSecond;
    Nanoseconds idle_flow = 300 * kSecond;    ///< an undecided or cleartext flow that says nothing
    Nanoseconds blocked_flow = 60 * kSecond;  ///< a blocked flow after its last frame
    Nanoseconds closing_flow = 10 * kSecond;  ///< after FIN or RST
    // QUIC
    std::uint32_t quic_connections = 16384;       ///< undecided or blocked, per worker
    std::uint32_t quic_connections_per_pair = 4;  ///< connection IDs undecided at once on one pair of endpoints
    std::uint32_t quic_connections_per_source = 1024;
    std::uint32_t quic_paths_per_connection = 4;  ///< pairs of endpoints that one connection ID is read from
    std::uint32_t quic_large_hellos = 1024;  ///< that outgrew a small buffer (2 KiB), per worker (crypto_bytes each)
    std::uint32_t quic_large_hellos_per_source = 64;
    std::uint32_t crypto_bytes = 16384;  ///< of one connection's Initial CRYPTO stream
    Nanoseconds quic_connection = 30 * kSecond;
    // IP fragments
    std::uint32_t datagrams = 1024;  ///< incomplete or refused at once, per worker
    std::uint32_t datagrams_per_source = 256;
    std::uint32_t fragments_per_datagram = 64;
    std::uint32_t fragments_per_source = 256;
    std::uint32_t fragments = 2048;  ///< frames held in all, per worker
    Nanoseconds fragment_lifetime = 5 * kSecond;
    // What is cut when a monitored category is enforced
    std::uint32_t monitored_flows = 16384;  ///< TCP and UDP flows that matched one, remembered per worker
    // Encapsulation
    std::uint32_t tunnel_depth = 2;  ///< headers of tunnels that are looked through
    FailPolicy deeper_tunnel = FailPolicy::open;
    FailPolicy deeper_vlan = FailPolicy::closed;  ///< IP in more than Packet::kVlanLimit VLANs
    // What only exhaustion of the whole decides
    FailPolicy exhausted = FailPolicy::open;
    OverloadPolicy overload = OverloadPolicy::open;
};

}  // namespace sluis
