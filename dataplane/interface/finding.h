// What the pipeline found: one record for every name announced and for every block. Borrowed, valid during the call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/packet/address.h"
#include "dataplane/packet/frame.h"
#include "dataplane/verdict/reason.h"

namespace sluis {

/// What a name was in; `ip` for what was refused by its address.
enum class Protocol : std::uint8_t { none, dns, tls, quic, http, ip };
inline constexpr std::array<std::string_view, 6> kProtocolNames{"none", "dns", "tls", "quic", "http", "ip"};
constexpr std::string_view name(Protocol protocol) noexcept {
    return kProtocolNames[static_cast<std::size_t>(protocol)];
}

enum class Verdict : std::uint8_t { allow, block };
constexpr std::string_view name(Verdict verdict) noexcept { return verdict == Verdict::allow ? "allow" : "block"; }

/// Nanoseconds. In the dataplane since an arbitrary start; over a capture, since 1970-01-01 UTC.
using Nanoseconds = std::uint64_t;

struct Finding {
    Nanoseconds time = 0;
    Protocol protocol = Protocol::none;
    std::string_view name;  ///< normalised (see dataplane/match/name.h); empty when a block has no name
    Verdict verdict = Verdict::allow;
    Reason reason = Reason::none;
    std::string_view rule;                ///< for Reason::rule and Reason::address_rule
    std::string_view category;            ///< of `rule`, and for a name that matches a category not enforced
    Endpoints endpoints;                  ///< of the packet that announced it
    std::array<std::uint16_t, 4> vlan{};  ///< outermost first
    std::uint8_t vlan_count = 0;
    std::uint8_t transport = 0;                                ///< the IP protocol number of the packet
    Side ingress = Side::inside;                               ///< the side that the packet came from
    std::string_view pair;                                     ///< that the packet came by
    std::array<std::byte, 6> source_mac{}, destination_mac{};  ///< of the frame
    std::string_view zone;                                     ///< the client's; empty where nothing asked for it
    bool monitored = false;        ///< it matched a category that is only monitored in that zone
    std::uint64_t generation = 0;  ///< of the rules and policy that judged
};

class FindingObserver {
public:
    virtual void on_finding(const Finding& finding) noexcept = 0;
    /// Whether names are reported that passed and matched nothing.
    bool takes_allowed() const noexcept { return takes_allowed_; }

protected:
    explicit FindingObserver(bool takes_allowed = true) noexcept : takes_allowed_(takes_allowed) {}
    ~FindingObserver() = default;

private:
    bool takes_allowed_;
};

}  // namespace sluis
