// How many descriptors the process may have open: enough for as many clients as it takes.
#pragma once

namespace sluis {

/// Raises the process's own bound as far as it may; who started it has usually left it at 1,024. Logs when that is less
/// than clients can take.
void raise_descriptor_limit();

}  // namespace sluis
