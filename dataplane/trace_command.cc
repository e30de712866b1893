#include "dataplane/trace_command.h"

#include <cstdint>
#include <cstring>

#include "dataplane/interface/trace.h"

namespace sluis {
namespace {

/// False when the bytes are no prefix.
bool read_prefix(const command::Prefix& wire, std::optional<AddressPrefix>& prefix) {
    const std::size_t size = wire.address().size();
    if (size == 0) return true;
    if ((size != 4 && size != 16) || wire.length() > size * 8) return false;
    prefix.emplace();
    std::memcpy(prefix->address.bytes.data(), wire.address().data(), size);
    prefix->ipv6 = size == 16;
    prefix->length = static_cast<std::uint8_t>(wire.length());
    return true;
}

}  // namespace

std::optional<TraceFilter> read_trace_filter(const command::Trace& wanted) {
    TraceFilter filter;
    if (!read_prefix(wanted.client(), filter.client) || !read_prefix(wanted.server(), filter.server) ||
        !read_prefix(wanted.host(), filter.host))
        return std::nullopt;
    if (wanted.port() > 0xffff || wanted.protocol() > 0xff || wanted.vlan() > 4095) return std::nullopt;
    filter.port = static_cast<std::uint16_t>(wanted.port());
    filter.protocol = static_cast<std::uint8_t>(wanted.protocol());
    if (wanted.vlan_counts()) filter.vlan = static_cast<std::uint16_t>(wanted.vlan());
    return filter;
}

bool is_bounded(const command::Trace& wanted) {
    return wanted.frames() >= 1 && wanted.frames() <= kTraceFrameLimit && wanted.seconds() >= 1 &&
           wanted.seconds() <= kTraceSecondLimit && wanted.snap() >= kTraceSnapLeast &&
           wanted.snap() <= kTraceSnapLimit;
}

}  // namespace sluis
