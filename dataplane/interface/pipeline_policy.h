// What a pipeline is told to do: which categories it refuses, and how.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/verdict/dns_refusal.h"

namespace sluis {

/// The refusal's text for zones of one language.
struct LanguageText {
    std::string_view language;  ///< primary subtag (RFC 5646, section 2.2.1), lower case
    std::string_view text;
};

/// One for all workers, read only.
struct PipelinePolicy {
    /// By category index of the rule set, where there is no zone table: refused, or else monitored.
    std::vector<bool> enforced;
    std::vector<std::uint16_t> quic_ports{443};  ///< UDP ports on which an unreadable QUIC version is dropped
    DnsRefusal dns;
    std::array<LanguageText, 3> dns_texts;  ///< instead of `dns.text`, in zones of these languages
    bool tls_alert = false;                 ///< refused TLS clients get an alert and FIN, not a reset
    std::string http_redirect;              ///< the answer that refused HTTP clients get, whole; empty: a reset
    bool strip_ech = true;                  ///< take ECH configurations out of DNS answers
    bool require_server_name = false;       ///< refuse TLS and QUIC hellos that name no server
};

}  // namespace sluis
