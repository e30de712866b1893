// What a box knows of one mirror.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "control/bundle/freshness.h"
#include "control/updates/update_failure.h"

namespace sluis {

/// How often something failed in a row, and until when it is left alone.
struct Patience {
    std::uint32_t failures = 0;
    std::int64_t retry_at = 0;  ///< seconds since 1970-01-01 UTC; 0: now

    /// A clock that was put back does not make the wait longer than it ever is.
    bool is_over(std::int64_t now) const;
};

struct MirrorState {
    std::string url;
    std::int64_t asked = 0;  ///< when it was asked last, seconds since 1970-01-01 UTC; 0: never
    std::int64_t fresh = 0;  ///< when it last gave a note that is right
    Patience note_patience;
    Patience bundle_patience;
    std::array<std::uint64_t, kUpdateCauseCount> failures{};  ///< by UpdateCause
    UpdateFailure last;                                       ///< of its last answer; `none`: it was as it should be
    std::optional<FreshnessNote> note;                        ///< its last right one
    std::string note_file;                                    ///< the same, as it came
    std::string etag;                                         ///< of that file
    std::int64_t older_since = 0;                             ///< since when it gives older notes; 0: it does not
    std::string spoiled;                                      ///< the digest of a bundle of which it has something else
};

void note_failure(MirrorState& mirror, Patience& patience, UpdateFailure failure, std::int64_t now, double random);

}  // namespace sluis
