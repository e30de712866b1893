// Writing to a descriptor until nothing is left.
#pragma once

#include <unistd.h>

#include <cerrno>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// False, with `errno`, when a part could not be written. Signals only delay it.
inline bool write_all(int descriptor, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace sluis
