#include "control/events/finding_line.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

std::string address_text(Bytes address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = address.size() == 4 ? AF_INET : AF_INET6;
    return ::inet_ntop(family, address.data(), text.data(), text.size());
}

std::string mac_text(const std::array<std::byte, 6>& mac) {
    std::string text;
    for (const std::byte each : mac)
        text += fmt::format("{}{:02x}", text.empty() ? "" : ":", std::to_integer<unsigned>(each));
    return text;
}

Bytes address_of(const Event& event, const std::array<std::byte, 16>& bytes) {
    return Bytes(bytes).first(event.ipv6 != 0 ? 16 : 4);
}

std::string transport_name(std::uint8_t transport) {
    constexpr std::uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
    switch (transport) {
        case 0:
            return "unknown";
        case kIcmp:
            return "ICMP";
        case kTcp:
            return "TCP";
        case kUdp:
            return "UDP";
        case kIcmpv6:
            return "IPv6-ICMP";
        default:
            return fmt::format("{:03}", transport);
    }
}

/// The same for both directions of a flow, another one tomorrow; 53 bits, all of which JSON numbers keep everywhere.
std::uint64_t flow_id(const Event& event, const DailyKey& key) {
    const auto end = [](const std::array<std::byte, 16>& address, std::uint16_t port) {
        std::vector<std::byte> bytes(address.begin(), address.end());
        bytes.push_back(static_cast<std::byte>(port >> 8));
        bytes.push_back(static_cast<std::byte>(port));
        return bytes;
    };
    std::vector<std::byte> low = end(event.source, event.source_port);
    std::vector<std::byte> high = end(event.destination, event.destination_port);
    if (high < low) std::swap(low, high);
    low.insert(low.end(), high.begin(), high.end());
    low.push_back(static_cast<std::byte>(event.transport));
    return key.digest("flow", low) >> 11;
}

/// The name's own members, as EVE has them for each protocol.
void add_name(json& line, const Event& event) {
    const std::string name(text_of(event.name));
    if (name.empty()) return;
    switch (static_cast<Protocol>(event.protocol)) {
        case Protocol::dns:
            if (event.from_inside != 0)
                line["dns"] = {{"query", json::array({{{"type", "query"}, {"rrname", name}}})}};
            else
                line["dns"] = {{"answer", {{"type", "answer"}, {"rrname", name}}}};
            return;
        case Protocol::tls:
            line["tls"] = {{"sni", name}};
            return;
        case Protocol::quic:
            line["quic"] = {{"sni", name}};
            return;
        case Protocol::http:
            line["http"] = {{"hostname", name}};
            return;
        case Protocol::none:
        case Protocol::ip:
            return;
    }
}

/// Suricata's collectors want a number for each signature: one that a rule keeps as long as its name.
std::uint32_t signature_id(std::string_view rule) {
    std::uint32_t hash = 0x811c9dc5;  // FNV-1a
    for (const char each : rule) hash = (hash ^ static_cast<unsigned char>(each)) * 0x01000193;
    return hash & 0x7fffffff;
}

void add_ends(json& line, const Event& event, const FindingContext& context) {
    const bool client_is_source = event.from_inside != 0;
    const auto add = [&](const char* address_key, const char* port_key, const std::array<std::byte, 16>& address,
                         std::uint16_t port, bool is_client) {
        const Bytes bytes = address_of(event, address);
        const bool hide = is_client && !context.clients_in_clear;
        line[address_key] = hide ? pseudonym_address(context.key, bytes) : address_text(bytes);
        // A client's port and the time find its line in the log of any address translator.
        if (!hide && port != 0) line[port_key] = port;
    };
    add("src_ip", "src_port", event.source, event.source_port, client_is_source);
    add("dest_ip", "dest_port", event.destination, event.destination_port, !client_is_source);
    line["proto"] = transport_name(event.transport);
    if (context.clients_in_clear)
        line["ether"] = {{"src_mac", mac_text(event.source_mac)}, {"dest_mac", mac_text(event.destination_mac)}};
}

std::string_view reason_name(const Event& event) {
    return event.reason < kReasonCount ? kReasons[event.reason].name : "unknown";
}

/// The worker may have a whole set of them.
std::string_view pair_of(const Event& event, const FindingContext& context) {
    const std::string_view pair = text_of(event.pair);
    return pair.empty() ? std::string_view(context.pair) : pair;
}

json sluis_members(const Event& event, const FindingContext& context) {
    json members{{"pair", pair_of(event, context)}};
    if (members["pair"] != context.pair) members["set"] = context.pair;
    members["worker"] = context.worker;
    members["zone"] = text_of(event.zone);
    if (const auto category = text_of(event.category); !category.empty()) members["category"] = category;
    if (const auto rule = text_of(event.rule); !rule.empty()) members["rule"] = rule;
    members["reason"] = reason_name(event);
    members["generation"] = event.generation;
    members["client"] = event.from_inside != 0 ? "src" : "dest";
    members["clients"] = context.clients_in_clear ? "clear" : "pseudonym";
    return members;
}

json alert_members(const Event& event, bool blocked) {
    // Without a rule it is the category that matched: DNS over TLS or QUIC as such.
    const std::string_view category = text_of(event.category), rule = text_of(event.rule);
    const std::string_view signature = rule.empty() ? category : rule;
    return {{"action", blocked ? "blocked" : "allowed"},
            {"gid", 1},
            {"signature_id", signature_id(signature)},
            {"rev", 0},
            {"signature", signature},
            {"category", category},
            {"severity", blocked ? 2 : 3}};
}

}  // namespace

std::string_view protocol_name(const Event& event) {
    return event.protocol < kProtocolNames.size() ? kProtocolNames[event.protocol] : "unknown";
}

Bytes client_mac(const Event& event) { return event.from_inside != 0 ? event.source_mac : event.destination_mac; }

Bytes client_address(const Event& event) {
    return address_of(event, event.from_inside != 0 ? event.source : event.destination);
}

std::optional<EventLine> describe_finding(const Event& event, const FindingContext& context) {
    const bool blocked = event.verdict == EventVerdict::blocked;
    const bool monitored = event.verdict == EventVerdict::monitored;
    const bool matched = !text_of(event.rule).empty() || !text_of(event.category).empty();
    if (!blocked && !(monitored && matched)) return std::nullopt;
    EventLine made;
    made.kind = matched ? EventKind::alert : EventKind::drop;
    made.severity = blocked ? Severity::warning : Severity::notice;
    made.time = static_cast<std::int64_t>(std::min<std::uint64_t>(event.time, INT64_MAX));
    json line{{"timestamp", event_timestamp(made.time)}, {"flow_id", flow_id(event, context.key)}};
    line["in_iface"] = pair_of(event, context);
    line["event_type"] = name(made.kind);
    line["host"] = context.host;
    if (event.vlan_count != 0 && event.vlan_count <= event.vlan.size())
        line["vlan"] = std::vector<std::uint16_t>(event.vlan.begin(), event.vlan.begin() + event.vlan_count);
    add_ends(line, event, context);
    line["app_proto"] = protocol_name(event);
    line["verdict"] = {{"action", blocked ? "drop" : "alert"}};
    if (matched) {
        line["alert"] = alert_members(event, blocked);
        add_name(line, event);
    } else {
        // A name that no rule matched stays here, whatever else was wrong with its message.
        line["drop"] = {{"reason", reason_name(event)}};
    }
    line["sluis"] = sluis_members(event, context);
    made.json = line.dump(-1, ' ', true, json::error_handler_t::replace);
    return made;
}

}  // namespace sluis
