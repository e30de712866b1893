// What a pipeline is told to do: which categories it refuses, and how.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/verdict/dns_refusal.h"

namespace sluis {

/// One for all workers, read only.
struct PipelinePolicy {
    /// By category index of the rule set, where there is no zone table: refused, or else monitored.
    std::vector<bool> enforced;
    std::vector<std::uint16_t> quic_ports{443};  ///< UDP ports on which an unreadable QUIC version is dropped
    DnsRefusal dns;
    bool strip_ech = true;             ///< take ECH configurations out of DNS answers
    bool require_server_name = false;  ///< refuse TLS and QUIC hellos that name no server
};

}  // namespace sluis
