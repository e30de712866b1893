// The freshness note: a small file by a key that is online, which says what the newest bundle is. A box that sees none
// for long, or one that names a bundle which it is not given, is being kept from updates.
#pragma once

#include <cstdint>
#include <string_view>

#include "control/bundle/bundle_error.h"
#include "control/bundle/key_set.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

struct FreshnessNote {
    std::uint64_t sequence = 0;
    Sha256 bundle{};           ///< the digest of the newest bundle
    std::int64_t issued = 0;   ///< when it was the newest, seconds since 1970-01-01 UTC
    std::int64_t expires = 0;  ///< likewise
    KeyId signer{};            ///< who says so; all zero when nobody has been asked
    friend bool operator==(const FreshnessNote&, const FreshnessNote&) = default;
};

/// The content, for those who make one. Fails with `payload_malformed`, `payload_limit`, `sequence_range` or
/// `times_disordered`.
Checked<FreshnessNote> read_freshness_content(std::string_view payload);

/// Reads a note that any one freshness key of `keys` has signed. Fails with a code of the 100s or 200s, or as above.
Checked<FreshnessNote> read_freshness_note(Bytes file, const KeySet& keys);

/// Whether a note says something about `now`: `note_in_future`, `note_expired`. REQUIRES: the clock was set.
Checked<void> check_note_times(const FreshnessNote& note, std::int64_t now);

/// Whether a bundle is the one that a note names, or newer: `bundle_outdated`, `bundle_unlisted`.
Checked<void> check_note_bundle(const FreshnessNote& note, std::uint64_t sequence, const Sha256& digest);

}  // namespace sluis
