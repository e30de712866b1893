// The protocol in which net-snmp's agent asks a program for values: pass_persist of snmpd.conf(5).
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>

#include "control/snmp/mib_view.h"

namespace sluis {

/// Bytes of a line that the agent sends; a longer one is answered as one that nothing is known of.
inline constexpr std::size_t kPassLineLimit = 4096;

/// Answers until the agent closes `in`, or takes nothing more. `view` is called for each question, and its result holds
/// until the next call. Nothing can be set.
void serve_pass_persist(std::istream& in, std::ostream& out, const std::function<const MibView&()>& view);

}  // namespace sluis
