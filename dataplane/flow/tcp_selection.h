// Which segments of flows that are not in the table have to be looked at.
#pragma once

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Whether a segment of an unknown flow could begin something that holds a name. `dns` says that port 53 is involved.
bool may_begin_message(Bytes payload, bool dns) noexcept;

}  // namespace sluis
