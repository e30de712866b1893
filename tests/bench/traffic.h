// Frames of one class of traffic, without end: each loop has new addresses, ports and sequence numbers, and right
// checksums. Nothing is allocated after construction, and a renewal costs some ten nanoseconds a frame, so that it can
// run between measurements.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tests/bench/script.h"

namespace sluis::bench {

class Traffic {
public:
    /// `settled_flows`: how many flows the data of settled flows is spread over. `first_fresh`: the number of the first
    /// fresh tuple, where another script's `next_fresh` goes on.
    Traffic(const Script& script, std::uint32_t settled_flows, std::uint32_t seed = 1, std::uint64_t first_fresh = 0);

    /// Gives every flow of the script its next tuple, and every frame its bytes back.
    void renew() noexcept;
    /// The frames of this loop, in order. Frame::data may be read until the next renewal.
    std::span<Frame* const> frames() const noexcept { return order_; }
    /// The number of the fresh tuple that the next renewal will take first.
    std::uint64_t next_fresh() const noexcept { return next_fresh_; }
    /// As bursts of one side each, of at most `size` frames.
    struct Run {
        std::uint32_t first, count, phase;
    };
    const std::vector<Run>& bursts() const noexcept { return bursts_; }

private:
    /// Sums are of 16-bit big-endian words, of all that a renewal leaves alone (RFC 1071).
    struct Patch {
        std::uint32_t flow;
        std::uint32_t seq, ack;  ///< with initial sequence numbers of 0
        std::uint32_t ip_sum, transport_sum;
        std::uint16_t id;
        std::uint8_t address_at, port_at;  ///< of the client
        std::uint8_t protocol;             ///< 0: neither ports nor checksum behind the IP header (later fragments)
        bool to_client, has_ack;
    };
    struct Tuple {
        std::uint32_t address, first_client, first_server;
        std::uint16_t port;
    };
    Patch patch_of(const ScriptFrame& frame) const;
    void add_bursts(const Script& script);
    void renew(Tuple& tuple, FlowTuple kind) noexcept;
    void apply(const Patch& patch, std::byte* bytes) const noexcept;
    std::uint32_t random() noexcept;

    std::vector<FlowTuple> kinds_;
    std::vector<Tuple> tuples_;
    std::vector<Patch> patches_;
    std::vector<std::byte> room_;
    std::vector<Frame> frames_;
    std::vector<Frame*> order_;
    std::vector<Run> bursts_;
    std::uint32_t settled_flows_;
    std::uint64_t next_fresh_;
    std::uint64_t random_;
};

}  // namespace sluis::bench
