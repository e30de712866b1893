// What a class of traffic consists of, written down once: the frames of one loop, in order, and the flows they belong
// to. `Traffic` plays it again and again with other tuples.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/interface/finding.h"
#include "dataplane/packet/frame.h"
#include "tests/unit/tls_hello.h"

namespace sluis::bench {

using test::Buffer;

enum class TrafficClass : std::uint8_t {
    tcp_64,         ///< data of settled TCP flows, 60-byte frames (64 with FCS), both ways
    imix,           ///< the same in IMIX sizes: 7 of 60, 4 of 590, 1 of 1514 bytes
    quic_data,      ///< QUIC short-header datagrams, IMIX sizes
    dns_questions,  ///< one question a datagram
    dns_answers,    ///< a question and one address
    dns_worst,      ///< answers of 1.4 KB whose names cost most to match, by rules and by pointers
    hello_1,        ///< SYN, SYN-ACK, ACK, ClientHello in one segment, ServerHello, ACK
    hello_2,        ///< the same with a ClientHello of 1.8 KB in two segments
    hello_1_alone,  ///< ClientHello, ServerHello and ACK of a flow whose beginning was not seen
    hello_2_alone,  ///< the same in two segments
    quic_1,         ///< a QUIC Initial with the whole hello
    quic_2,         ///< a hello of 1.8 KB in two Initials, the CRYPTO frames of each shuffled
    mixed,          ///< as offices have it (`mixed_script`)
    syn_flood,      ///< SYNs from many addresses, never answered
    initial_flood,  ///< authentic Initials with the first half of a hello, never completed
    forged_flood,   ///< Initials that do not authenticate
    fragments,      ///< first fragments of datagrams that never complete
};
struct TrafficClassName {
    TrafficClass traffic_class;
    std::string_view name;
    std::string_view message;  ///< what one message of it is; empty: only frames count
};
inline constexpr std::array kTrafficClasses = {
    TrafficClassName{TrafficClass::tcp_64, "tcp-64", ""},
    TrafficClassName{TrafficClass::imix, "imix", ""},
    TrafficClassName{TrafficClass::quic_data, "quic-data", ""},
    TrafficClassName{TrafficClass::dns_questions, "dns-questions", "question"},
    TrafficClassName{TrafficClass::dns_answers, "dns-answers", "answer"},
    TrafficClassName{TrafficClass::dns_worst, "dns-worst", "answer"},
    TrafficClassName{TrafficClass::hello_1, "hello-1", "hello"},
    TrafficClassName{TrafficClass::hello_2, "hello-2", "hello"},
    TrafficClassName{TrafficClass::hello_1_alone, "hello-1-alone", "hello"},
    TrafficClassName{TrafficClass::hello_2_alone, "hello-2-alone", "hello"},
    TrafficClassName{TrafficClass::quic_1, "quic-1", "hello"},
    TrafficClassName{TrafficClass::quic_2, "quic-2", "hello"},
    TrafficClassName{TrafficClass::mixed, "mixed", ""},
    TrafficClassName{TrafficClass::syn_flood, "syn-flood", ""},
    TrafficClassName{TrafficClass::initial_flood, "initial-flood", ""},
    TrafficClassName{TrafficClass::forged_flood, "forged-flood", ""},
    TrafficClassName{TrafficClass::fragments, "fragments", ""},
};
inline std::optional<TrafficClass> traffic_class_of(std::string_view name) {
    for (const TrafficClassName& row : kTrafficClasses)
        if (row.name == name) return row.traffic_class;
    return std::nullopt;
}

/// A frame as the first loop has it: IPv4 behind 14 bytes of Ethernet, without options.
struct ScriptFrame {
    Side ingress = Side::inside;
    std::uint32_t flow = 0;   ///< index into `Script::flows`
    std::uint32_t phase = 0;  ///< index into `Script::phases`: costs are told apart by it
    Buffer bytes;
};
enum class FlowTuple : std::uint8_t {
    fresh,    ///< a tuple that no loop before had
    settled,  ///< one of the flows that are there all the time
};
struct Script {
    std::vector<ScriptFrame> frames;
    std::vector<FlowTuple> flows;
    std::vector<std::string> phases{"all"};
    // What one loop must make the counters say.
    std::array<std::uint32_t, 8> names{};  ///< announced, by Protocol
    std::uint32_t tcp_flows = 0;           ///< inserted into the flow table
    std::uint32_t quic_connections = 0;
    std::uint32_t messages = 0;  ///< of the class's kind
    std::uint32_t kept = 0;      ///< flows, connections or datagrams that stay until they time out
};

struct ScriptOptions {
    std::uint32_t seed = 1;
    std::uint32_t frames = 0;       ///< about so many a loop; 0: what suits the class
    std::uint32_t frame_size = 0;   ///< bytes of every data frame, FCS not counted; 0: what the class says
    std::uint32_t inspected = 100;  ///< `mixed`: per mille of the frames that are not data of settled flows
    /// Of each n names one is forbidden; 0: none is. This is 2 %, and odd: in turns of two each kind has its share.
    std::uint32_t forbidden_each = 47;
};

Script make_script(TrafficClass traffic_class, const ScriptOptions& options = {});

}  // namespace sluis::bench
