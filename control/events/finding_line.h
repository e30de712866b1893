// From the dataplane's record of a finding to the line that leaves the box.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/events/daily_key.h"
#include "control/events/event_line.h"
#include "dataplane/interface/event.h"

namespace sluis {

/// What a record does not say itself, or not in a form to rely on.
struct FindingContext {
    const DailyKey& key;
    bool clients_in_clear = false;
    std::string host;  ///< the box's name
    std::string pair;  ///< of the worker: its one pair, or the set of those that it has
    std::size_t worker = 0;
};

/// An `alert` for what a rule matched, a `drop` for what was refused without one; nothing for names that passed and
/// matched nothing, which are no business of anybody's. Values that this build does not know, since the dataplane's is
/// another, come out as "unknown".
std::optional<EventLine> describe_finding(const Event& event, const FindingContext& context);

/// A text of a record, which is zero-padded and may fill its place.
template <std::size_t Size>
std::string_view text_of(const char (&field)[Size]) {
    const std::string_view all(field, Size);
    return all.substr(0, all.find('\0'));
}

std::string_view protocol_name(const Event& event);

/// The client's Ethernet address: of the frame that the box saw, so behind a router it is the router's.
Bytes client_mac(const Event& event);
/// The client's IP address, 4 or 16 bytes.
Bytes client_address(const Event& event);

}  // namespace sluis
