// The parts of scripts: names, and the frames of one flow.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/bench/script.h"

namespace sluis::bench {

/// Names as clients ask for them. The forbidden ones stand under rules that come with Sluis.
class NameSource {
public:
    NameSource(std::uint32_t seed, std::uint32_t forbidden_each) : random_(seed), forbidden_each_(forbidden_each) {}
    struct Name {
        std::string text;
        bool forbidden;
    };
    Name next();

private:
    std::string label(std::size_t syllables);
    std::mt19937 random_;
    std::uint32_t forbidden_each_;
    std::uint32_t count_ = 0;
};

struct Step {
    Side ingress;
    Buffer bytes;
    const char* phase;
    bool with_previous = false;  ///< sent back to back with the step before
};
/// The frames of one flow, in order, and what they make the counters say.
struct FlowScript {
    std::vector<Step> steps;
    Protocol protocol = Protocol::none;
    std::uint32_t names = 0;
    bool kept = false;  ///< its state stays until it times out
};

/// A data frame of `size` bytes of a settled flow.
Buffer tcp_data_frame(bool to_client, std::size_t size);
Buffer quic_data_frame(bool to_client, std::size_t size);

/// A TLS handshake up to the ServerHello. `hello_size` bytes, in segments of 1400 bytes at the most.
FlowScript tls_flow(const NameSource::Name& name, std::size_t hello_size, bool closes);
FlowScript dns_question(const NameSource::Name& name);
FlowScript dns_answer(const NameSource::Name& name);
/// Aliases of a name of labels that rules begin with, as many as a message of this size may have names' bytes.
FlowScript dns_worst_answer();
/// A hello of `hello_size` bytes in `datagrams` Initials, in shuffled CRYPTO frames with PINGs between.
FlowScript quic_flow(const NameSource::Name& name, std::size_t hello_size, std::uint32_t datagrams,
                     std::mt19937& random);
FlowScript syn_alone();
/// The first fragment of a datagram whose rest does not come.
FlowScript fragment_alone();

}  // namespace sluis::bench
