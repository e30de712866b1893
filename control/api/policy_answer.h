// Parts of a policy as messages, which more than one endpoint answers with.
#pragma once

#include "control/api/api.pb.h"
#include "control/policy/policy.h"

namespace sluis {

inline void fill_allowed_name(api::AllowedName& to, const AllowedName& from) {
    to.set_name(from.name);
    to.set_owner(from.owner);
    to.set_reason(from.reason);
    to.set_until(from.until);
    to.set_line(static_cast<std::uint32_t>(from.line));
}

}  // namespace sluis
