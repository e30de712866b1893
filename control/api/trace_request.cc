#include "control/api/trace_request.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/interface/trace.h"
#include "dataplane/match/address_prefix.h"

namespace sluis {
namespace {

template <typename Value>
using Read = tl::expected<Value, Problem>;

constexpr std::uint32_t kFramesDefault = 100, kSecondsDefault = 60, kSnapDefault = 256;
/// Bytes of a comment for the audit record.
constexpr std::size_t kCommentLimit = 500;

tl::unexpected<Problem> refuse(std::string detail, std::string field = "") {
    return tl::unexpected(Problem{400, std::move(detail), std::move(field)});
}

Read<void> read_prefix(const std::string& text, const char* field, command::Prefix& to) {
    if (text.empty()) return {};
    const auto prefix = text.find('/') == std::string::npos ? read_address(text) : read_address_prefix(text);
    if (!prefix) return refuse("write an address, or a prefix such as 192.0.2.0/24 or 2001:db8::/32", field);
    to.set_address(reinterpret_cast<const char*>(prefix->address.bytes.data()), std::size_t{prefix->ipv6 ? 16u : 4u});
    to.set_length(prefix->length);
    return {};
}

std::optional<std::uint32_t> protocol_number(const std::string& text) {
    constexpr std::array<std::pair<std::string_view, std::uint32_t>, 4> kNames{
        {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}}};
    for (const auto& [name, number] : kNames)
        if (name == text) return number;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > 255) return std::nullopt;
    return number;
}

/// `value`, or its default for 0.
Read<std::uint32_t> within(std::uint32_t value, std::uint32_t normal, std::uint32_t least, std::uint32_t limit,
                           const char* field) {
    if (value == 0) return normal;
    if (value >= least && value <= limit) return value;
    return refuse("write " + std::to_string(least) + " to " + std::to_string(limit), field);
}

Read<void> read_bounds(const api::TraceRequest& asked, command::Trace& to) {
    const auto frames = within(asked.frames(), kFramesDefault, 1, kTraceFrameLimit, "frames");
    if (!frames) return tl::unexpected(frames.error());
    const auto seconds = within(asked.seconds(), kSecondsDefault, 1, kTraceSecondLimit, "seconds");
    if (!seconds) return tl::unexpected(seconds.error());
    const auto snap = within(asked.snap(), kSnapDefault, kTraceSnapLeast, kTraceSnapLimit, "snap");
    if (!snap) return tl::unexpected(snap.error());
    to.set_frames(*frames);
    to.set_seconds(*seconds);
    to.set_snap(*snap);
    to.set_payload(asked.payload());
    return {};
}

}  // namespace

tl::expected<command::Trace, Problem> trace_command(const api::TraceRequest& asked) {
    command::Trace trace;
    if (auto read = read_prefix(asked.client(), "client", *trace.mutable_client()); !read)
        return tl::unexpected(read.error());
    if (auto read = read_prefix(asked.server(), "server", *trace.mutable_server()); !read)
        return tl::unexpected(read.error());
    if (auto read = read_prefix(asked.host(), "host", *trace.mutable_host()); !read)
        return tl::unexpected(read.error());
    if (asked.port() > 0xffff) return refuse("write 1 to 65535", "port");
    trace.set_port(asked.port());
    if (!asked.protocol().empty()) {
        const auto number = protocol_number(asked.protocol());
        if (!number) return refuse("write tcp, udp, icmp, icmpv6 or a number", "protocol");
        trace.set_protocol(*number);
    }
    if (asked.vlan() > 4094) return refuse("write 0 (untagged) to 4094", "vlan");
    trace.set_vlan_counts(asked.has_vlan());
    trace.set_vlan(asked.vlan());
    trace.set_pair(asked.pair());
    if (asked.comment().size() > kCommentLimit)
        return refuse("at most " + std::to_string(kCommentLimit) + " bytes are kept", "comment");
    if (auto read = read_bounds(asked, trace); !read) return tl::unexpected(read.error());
    return trace;
}

}  // namespace sluis
