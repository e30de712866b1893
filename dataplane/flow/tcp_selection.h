// Which segments of flows that are not in the table have to be looked at.
#pragma once

#include <cstdint>

#include "dataplane/packet/frame.h"

namespace sluis {

/// What a frame's headers and first bytes ask for.
enum class Selection : std::uint8_t {
    pass,  ///< nothing: its flow is not in the table, it opens none, and nothing that holds a name begins with it
    look,  ///< to be inspected
    open,  ///< the same, and its flow is not in the table: a SYN, or what looks like a first message
};

/// Whether a segment of an unknown flow could begin something that holds a name. `dns` says that port 53 is involved.
bool may_begin_message(Bytes payload, bool dns) noexcept;

/// Whether a segment of a flow whose beginning was not seen is read when it looks like a first message. Servers outside
/// say no hello, and whoever guesses a connection's ports must not have it refused from there.
constexpr bool may_be_first(Side ingress, bool dns) noexcept { return ingress == Side::inside || dns; }

}  // namespace sluis
