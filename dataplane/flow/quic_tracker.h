// The QUIC connections whose servers have not answered yet, by connection ID (dataplane/README.md, rule 4).
#pragma once

#include <memory>

#include "dataplane/burst.h"
#include "dataplane/flow/flow_key.h"
#include "dataplane/flow/forgotten_hellos.h"
#include "dataplane/flow/overload_relief.h"
#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/flow/slot_queues.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/limits.h"
#include "dataplane/packet/plain_packet.h"
#include "dataplane/protocol/client_hello.h"
#include "dataplane/protocol/quic_header.h"
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
    unread,  ///< passes uninspected, since the whole was exhausted and the policy is open
};

/// One connection ID on one pair of endpoints. A connection whose packets come over several pairs has as many of these;
/// their CRYPTO bytes are read one by one, and together.
struct QuicConnection {
    FlowKey key;
    std::uint64_t hash = 0;
    Nanoseconds deadline = 0;
    Nanoseconds progressed = 0;       ///< when its last new CRYPTO byte came
    Nanoseconds touched = 0;          ///< when its last frame came that may wait for it
    QuicConnectionId destination;     ///< the client's first Destination Connection ID: the keys derive from it
    QuicConnectionId source;          ///< the client's Source Connection ID: what its server sends to
    QuicConnectionId server;          ///< its server's Source Connection ID, when `server_spoke`
    QuicInitialKeys keys;             ///< of the client, for `version`
    std::uint64_t client_number = 0;  ///< largest packet number of the client's Initials
    std::uint64_t server_number = 0;  ///< the same of its server's
    std::uint32_t version = 0;
    std::uint32_t crypto = SlotIndex::kNone;  ///< handle in the ReassemblyPool
    std::uint32_t budget = SlotIndex::kNone;
    std::uint32_t large = SlotIndex::kNone;  ///< share of a source's large hellos
    std::uint32_t hello_begin = 0;           ///< of the hello that is read, in the CRYPTO stream; not 0: the second one
    std::uint32_t hello_end = 0;             ///< of the last hello that was read whole
    std::uint32_t retry_end = 0;             ///< of the server's HelloRetryRequest in its CRYPTO stream; 0: none came
    std::uint32_t blocked_at = 0;            ///< action of the burst in which it was refused
    std::uint32_t generation = 0;            ///< Generation::number() of the last one that judged a name of it
    QuicState state = QuicState::reading;
    std::uint8_t client = 0;  ///< the client's direction in `key`
    Side opener = Side::inside;
    bool server_spoke = false;  ///< an Initial of its server came, if only with acknowledgments
    bool answered = false;      ///< a server answered once, and it is being read again
    bool joined = false;        ///< its hello was read together with bytes that came over other paths, and allowed
};

class QuicTracker {
public:
    static constexpr std::uint32_t kNone = SlotIndex::kNone;
    /// Coalesced packets of one datagram that are walked: Initial, 0-RTT, Handshake, 1-RTT, and as many again.
    static constexpr int kCoalescedLimit = 8;
    /// Ended connections that are remembered on one pair of endpoints: an Initial with an unknown connection ID is
    /// tried with the keys of every one.
    static constexpr std::uint32_t kEndedPerPair = 12;
    /// The least that a client's first Destination Connection ID has, bytes (RFC 9000, section 7.2); no two are the
    /// same by chance.
    static constexpr std::size_t kLeastFirstId = 8;
    /// A connection whose last new CRYPTO byte is no older than that does not make room for another.
    static constexpr Nanoseconds kStalled = kSecond / 4;

    QuicTracker(const Limits& limits, LiveCounters& counters, SourceBudget& budget, OverloadRelief& relief,
                std::uint64_t seed);

    /// Brings into the cache what a client's Initial needs: where its ends, its connection ID and its source stand.
    void look_ahead(const Frame& frame, const PlainPacket& datagram) const noexcept;
    /// Looks at a UDP packet whose payload may begin with a QUIC long header; false when it does not. Decides its
    /// action and announces the name that it completes.
    bool inspect(Burst& burst, Action& action, std::span<const std::uint16_t> policy_ports, Nanoseconds now) noexcept;
    void advance(Nanoseconds now) noexcept;
    void block(std::uint32_t slot, Reason reason, Nanoseconds now) noexcept;
    /// Where `block` counts: LiveCounters::blocks, or would_block.
    void count_blocks_in(std::array<SharedCount, kReasonSlots>& counts) noexcept { blocks_ = &counts; }
    /// As TcpTracker::forget_some.
    bool forget_some(std::uint32_t count) noexcept;
    QuicConnection& connection(std::uint32_t slot) noexcept { return connections_[slot]; }
    /// The Destination Connection ID whose keys open a client's Initial: its own, as of a client's first ones, or the
    /// first one of a connection that is known between the packet's ends. Keeps nothing of it; fails with
    /// quic_authentication. REQUIRES: header.type is initial.
    Result<Bytes> first_destination(const Packet& packet, const QuicLongHeader& header) noexcept;

private:
    struct Datagram {
        Burst& burst;
        Action& action;
        DirectedKey key;
        std::uint64_t hash;
        Nanoseconds now;
    };
    /// Whether the paths of one connection say the same: not even those of one client may differ.
    enum class PathsAgree : std::uint8_t { yes, no, not_one_clients };
    /// What a server's CRYPTO frames are.
    enum class ServerCrypto : std::uint8_t { none, retry, unclear, answer };

    void on_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    bool on_server_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    static ServerCrypto read_server_crypto(QuicConnection& connection, Bytes frames) noexcept;
    /// An authentic Initial with CRYPTO bytes: the server has read a whole hello.
    void on_server_crypto(Datagram& datagram, std::uint32_t slot, ServerCrypto crypto) noexcept;
    void on_blocked(Datagram& datagram, std::uint32_t slot) noexcept;
    void on_client_initial(Datagram& datagram, const QuicLongHeader& header) noexcept;
    void on_zero_rtt(Datagram& datagram, const QuicLongHeader& header) noexcept;
    /// Whether anything is known of this pair of endpoints: an Initial with another ID may follow a Retry there.
    bool knows_pair(const Datagram& datagram) const noexcept;
    /// The connection of this ID on this pair of endpoints; or a blocked one of this ID on any other.
    std::uint32_t find(const Datagram& datagram, Bytes destination) noexcept;
    /// A connection of this pair of endpoints, from the same client, whose keys open the packet though its connection
    /// ID has changed.
    std::uint32_t find_by_keys(const Datagram& datagram, const QuicLongHeader& header,
                               Result<QuicInitialPayload>& payload, bool& settled) noexcept;
    /// Every connection with this one's ID that came from the same side, itself too, until `each(slot)` returns true.
    template <typename Each>
    std::uint32_t find_path(Side opener, Bytes destination, Each&& each) const noexcept {
        if (destination.size() < kLeastFirstId) return kNone;
        return by_id_.find(hash_of(destination), [&](std::uint32_t slot) {
            const QuicConnection& other = connections_[slot];
            return other.opener == opener && other.destination.is(destination) && each(slot);
        });
    }
    /// Whether a connection with this one's ID came from the same side on another path.
    bool has_other_path(std::uint32_t slot) const noexcept;
    std::uint64_t hash_of(Bytes destination) const noexcept;
    Reason make_room(const Datagram& datagram, Bytes destination) noexcept;
    std::uint32_t take_slot(Nanoseconds now) noexcept;
    void make_progress(std::uint32_t slot, Nanoseconds now) noexcept;
    std::uint32_t stalest(bool large, Nanoseconds now) noexcept;
    bool evict_stalled(Nanoseconds now) noexcept;
    void evict(std::uint32_t slot, Nanoseconds now) noexcept;
    void free_large(Nanoseconds now) noexcept;
    /// What the server of an evicted connection sends to, as a hash.
    std::uint64_t hash_of_client(std::uint64_t pair, Bytes source) const noexcept { return pair ^ hash_of(source); }
    std::uint32_t open(Datagram& datagram, const QuicLongHeader& header, const QuicInitialKeys& keys) noexcept;
    bool begin_reading(Datagram& datagram, QuicConnection& connection) noexcept;
    bool begin_again(Datagram& datagram, std::uint32_t slot) noexcept;
    void exhausted(Action& action) noexcept;
    void read(Datagram& datagram, std::uint32_t slot, Bytes frames) noexcept;
    Reason keep(Datagram& datagram, std::uint32_t slot, Bytes frames, bool& fresh) noexcept;
    Reason make_large(Datagram& datagram, std::uint32_t slot, std::uint32_t size) noexcept;
    /// The hello at `begin` of a CRYPTO stream, parsed in place; `end` is where it ends. Fails with `incomplete`.
    Result<ClientHello> parse(Bytes stream, std::uint32_t begin, std::uint32_t& end) const noexcept;
    static bool begin_second_hello(QuicConnection& connection, std::uint64_t end) noexcept;
    void read_hello(Datagram& datagram, std::uint32_t slot) noexcept;
    void read_joined_hello(Datagram& datagram, std::uint32_t slot) noexcept;
    PathsAgree fill_from_others(std::uint32_t slot, ReassemblyBuffer& joined) noexcept;
    void set_joined(std::uint32_t slot, bool joined) noexcept;
    void announce(Datagram& datagram, std::uint32_t slot, const ClientHello& hello) noexcept;
    void refuse(Datagram& datagram, std::uint32_t slot, Reason reason) noexcept;
    /// Its CRYPTO bytes and its source's shares are free again; what is left only says how it ended.
    void end(std::uint32_t slot, QuicState state, Nanoseconds now) noexcept;
    void give_back(QuicConnection& connection) noexcept;
    void forget(std::uint32_t slot) noexcept;
    bool is_undecided(std::uint32_t slot) const noexcept {
        return connections_[slot].state == QuicState::reading || connections_[slot].state == QuicState::judged;
    }

    const Limits& limits_;
    LiveCounters& counters_;
    std::array<SharedCount, kReasonSlots>* blocks_ = &counters_.blocks;
    SourceBudget& budget_;
    OverloadRelief& relief_;
    std::uint64_t seed_;
    SlotIndex index_;  ///< by both endpoints
    SlotIndex by_id_;  ///< by the first Destination Connection ID
    SlotPool<QuicConnection> connections_;
    TimerWheel undecided_;
    SlotQueues stalled_;           ///< undecided ones by their last progress: with small and with large buffers
    ForgottenHellos half_hellos_;  ///< of evicted connections
    TimerWheel ended_;             ///< settled, blocked and unread ones: they make room when there is none
    ReassemblyPool buffers_;
    std::unique_ptr<std::byte[]> scratch_;
    std::unique_ptr<std::byte[]> joined_bytes_;
    std::unique_ptr<std::uint64_t[]> joined_map_;
};

// Inline: to GCC a call that does nothing else has no effect, and goes.
[[gnu::always_inline]] inline void QuicTracker::look_ahead(const Frame& frame,
                                                           const PlainPacket& datagram) const noexcept {
    if (datagram.payload.size() < kQuicInitialDatagram || !has_quic_long_header(datagram.payload)) return;
    index_.prefetch(hash(datagram, seed_));
    by_id_.prefetch(hash_of(destination_connection_id(datagram.payload)));
    budget_.prefetch(frame, datagram);
}

}  // namespace sluis
