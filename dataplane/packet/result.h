// A value, or the reason why there is none.
#pragma once

#include <tl/expected.hpp>

#include "dataplane/verdict/reason.h"

namespace sluis {

/// What every parser returns: a view that borrows from the bytes it was given, or a Reason.
/// `Reason::incomplete`: the bytes so far are right, and more are needed.
/// `Reason::not_this_protocol`: nothing is wrong, somebody else should look.
template <typename T>
using Result = tl::expected<T, Reason>;

using Failure = tl::unexpected<Reason>;

}  // namespace sluis
