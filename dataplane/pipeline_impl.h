// What a pipeline consists of: shared by the files that implement it, and by nothing else.
#pragma once

#include <array>

#include "dataplane/burst.h"
#include "dataplane/flow/fragment_tracker.h"
#include "dataplane/flow/overload_relief.h"
#include "dataplane/flow/quic_tracker.h"
#include "dataplane/flow/shared_tables.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/packet/decode.h"
#include "dataplane/packet/plain_packet.h"
#include "dataplane/pipeline.h"
#include "dataplane/verdict/address_gate.h"
#include "dataplane/verdict/departures.h"
#include "dataplane/verdict/judge.h"
#include "dataplane/verdict/monitored_flows.h"
#include "dataplane/verdict/refuser.h"

namespace sluis {

/// What is known of a frame before its turn comes.
struct Glance {
    PlainPacket packet;
    std::uint64_t hash = 0;  ///< of a TCP segment's flow
    bool plain = false;
};

struct Pipeline::Impl final : FrameDisposal {
    Impl(const Limits& limits_given, FrameIo& io_given, LiveCounters& counters_given, FindingObserver* observer,
         std::uint64_t seed)
        : limits(limits_given),
          counters(counters_given),
          budget(limits.flows + limits.http2_connections + limits.quic_connections + limits.quic_large_hellos +
                     limits.datagrams,
                 seed, tables_of(limits)),
          relief(limits.overload, counters, seed),
          tcp(limits, counters, budget, relief, seed),
          quic(limits, counters, budget, relief, seed),
          fragments(limits, counters, budget, *this, seed),
          io(io_given),
          departures(io, counters),
          refuser(io, tcp, quic, departures),
          addresses(counters),
          monitored(limits.monitored_flows, counters, seed),
          judge(counters, tcp, quic, addresses, monitored, observer) {}

    bool enter(PairMode wanted) noexcept;
    void move_uninspected(std::span<Frame* const> frames) noexcept;
    void forget_some() noexcept;
    std::size_t begin_burst(std::span<Frame* const> frames) noexcept;
    void look_ahead(std::span<Frame* const> frames) noexcept;
    Selection select(const Frame& frame, const Glance& glance) const noexcept;
    void pass(Frame& frame) noexcept;
    void count_received(Frame& frame) noexcept;
    Action& begin_action() noexcept;
    void take(Frame& frame, const Glance& glance, Selection selection) noexcept;
    Decoded read(Frame& frame, const Glance& glance, Packet& packet, Reason& why) const noexcept;
    void take_fragment(Action& action) noexcept;
    void watch_fragment(Action& action) noexcept;
    Frame* copy_of(const Frame& frame) noexcept;
    void add_fragment(const Packet& packet) noexcept;
    void relieve_of_fragment(const Packet& packet) noexcept;
    void look_at(Action& action, Decoded decoded, Reason why) noexcept;
    void on_too_deep(Action& action, Reason why) noexcept;
    void inspect(Action& action) noexcept;
    void inspect_udp(Action& action) noexcept;
    void inspect_dns(Action& action) noexcept;
    void count_stripped(std::uint32_t answers) noexcept {
        counters.errors[static_cast<std::size_t>(Reason::ech_stripped)] += answers;
    }
    void end_burst() noexcept;
    void carry_out(Action& action) noexcept;
    void carry_out_drop(Action& action) noexcept;
    void let_go(Action& action) noexcept;
    void count_would_drop(const Frame* chain, Reason reason) noexcept;
    void dispose(Frame* chain, Reason reason) noexcept override;

    const Limits limits;
    LiveCounters& counters;
    SourceBudget budget;
    OverloadRelief relief;
    TcpTracker tcp;
    QuicTracker quic;
    FragmentTracker fragments;
    FrameIo& io;
    Departures departures;
    Refuser refuser;
    AddressGate addresses;
    MonitoredFlows monitored;
    Judge judge;
    Burst burst;
    std::array<Glance, kBurst> glances;
    Nanoseconds now = 0;
    const Generation* generation = nullptr;
    const PipelinePolicy* policy = nullptr;  ///< the generation's
    PairMode mode = PairMode::in_line;
    bool changing = false;    ///< to another mode
    bool stale = false;       ///< flows are known that nobody has followed
    bool strips_ech = false;  ///< by the policy, where frames may be changed
};

}  // namespace sluis
