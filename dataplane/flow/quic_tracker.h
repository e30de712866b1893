// The QUIC connections whose servers have not answered yet, by connection ID (dataplane/README.md, rule 4).
#pragma once

#include <memory>

#include "dataplane/burst.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"
#include "dataplane/protocol/quic_initial.h"

namespace sluis {

/// A connection ID as it is kept.
struct QuicConnectionId {
    std::array<std::byte, kQuicConnectionIdLimit> bytes{};
    std::uint8_t length = 0;
    Bytes view() const noexcept { return {bytes.data(), length}; }
    void assign(Bytes from) noexcept;
    bool is(Bytes other) const noexcept;
};

enum class QuicState : std::uint8_t {
    reading,  ///< the ClientHello is not complete
    judged,   ///< it is, and was allowed; the server has not answered
    settled,  ///< the server has answered with these keys
    blocked,
};

struct QuicConnection {
    FlowKey key;
    std::uint64_t hash = 0;
    Nanoseconds deadline = 0;
    QuicConnectionId destination;  ///< the client's first Destination Connection ID: the keys derive from it
    QuicConnectionId source;       ///< the client's Source Connection ID: what its server sends to
    QuicInitialKeys keys;          ///< of the client, for `version`
    std::uint32_t version = 0;
    std::uint32_t crypto = SlotIndex::kNone;  ///< handle in the ReassemblyPool
    std::uint32_t budget = SlotIndex::kNone;
    std::uint32_t blocked_at = 0;  ///< action of the burst in which it was refused
    QuicState state = QuicState::reading;
    std::uint8_t client = 0;  ///< the client's direction in `key`
    Side opener = Side::inside;
};

class QuicTracker {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;

    QuicTracker(const Limits& limits, WorkerCounters& counters, SourceBudget& budget, std::uint64_t seed);

    /// Looks at a UDP packet whose payload may begin with a QUIC long header; false when it does not. Decides its
    /// action and announces the name that it completes.
    bool inspect(Burst& burst, Action& action, std::span<const std::uint16_t> policy_ports, Nanoseconds now) noexcept;
    void advance(Nanoseconds now) noexcept;
    void block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept;
    QuicConnection& connection(std::uint32_t slot) noexcept { return connections_[slot]; }

private:
    struct Datagram {
        Burst& burst;
        Action& action;
        DirectedKey key;
        std::uint64_t hash;
        Nanoseconds now;
    };

    void on_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    bool on_server_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    void on_client_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    void on_zero_rtt(Datagram& datagram, const QuicLongHeader& header) noexcept;
    std::uint32_t find(const Datagram& datagram, Bytes destination) noexcept;
    /// A connection of this pair of endpoints, from the same client, whose keys open the packet though its connection
    /// ID has changed.
    std::uint32_t find_by_keys(const Datagram& datagram, const QuicLongHeader& header,
                               Result<QuicInitialPayload>& payload, bool& settled) noexcept;
    std::uint64_t hash_of(const FlowKey& pair, Bytes destination) const noexcept;
    bool begin_reading(Action& action, QuicConnection& connection) noexcept;
    void exhausted(Action& action) noexcept;
    std::uint32_t open(Datagram& datagram, const QuicLongHeader& header, const QuicInitialKeys& keys) noexcept;
    void read(Datagram& datagram, std::uint32_t slot, Bytes frames) noexcept;
    Reason keep(QuicConnection& connection, Bytes frames) noexcept;
    void read_hello(Datagram& datagram, std::uint32_t slot) noexcept;
    void refuse(Datagram& datagram, std::uint32_t slot, Reason reason) noexcept;
    void undecided_is_over(QuicConnection& connection) noexcept;

    const Limits& limits_;
    WorkerCounters& counters_;
    SourceBudget& budget_;
    std::uint64_t seed_;
    SlotIndex index_;  ///< by both endpoints
    SlotIndex by_id_;  ///< by both addresses and the first Destination Connection ID
    SlotPool<QuicConnection> connections_;
    TimerWheel timers_;
    ReassemblyPool buffers_;
    std::unique_ptr<std::byte[]> scratch_;
};

}  // namespace sluis
