// The freshness note: a small file by a key that is online, which says what the newest bundle is. A box that sees none
// for long, or one that names a bundle which it is not given, is being kept from updates.
#pragma once

#include <cstdint>

#include "control/bundle/bundle_error.h"
#include "control/bundle/key_set.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

struct FreshnessNote {
    std::uint64_t sequence = 0;
    Sha256 bundle{};           ///< the digest of the newest bundle
    std::int64_t expires = 0;  ///< seconds since 1970-01-01 UTC
};

/// Reads a note that any one freshness key of `keys` has signed. Its expiry is for the caller: an old note is an alarm,
/// not a mistake. Fails with a code of the 100s or 200s, `payload_malformed`, `payload_limit` or `sequence_range`.
Checked<FreshnessNote> read_freshness_note(Bytes file, const KeySet& keys);

}  // namespace sluis
