// Whose signatures count: sets of keys by role, each signed by its predecessor's root keys and by its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bundle/envelope.h"
#include "control/bundle/signing_key.h"

namespace sluis {

inline constexpr std::uint32_t kKeySetFormat = 1;

/// A key set whose signatures and content were checked.
struct KeySet {
    std::string product;
    std::uint64_t version = 0;
    std::vector<PublicKey> root_keys;
    std::uint32_t root_threshold = 0;
    std::vector<PublicKey> rule_keys;
    std::uint32_t rule_threshold = 0;
    std::vector<PublicKey> freshness_keys;
    std::int64_t expires = 0;                  ///< seconds since 1970-01-01 UTC
    std::optional<std::uint64_t> floor_reset;  ///< bundles from this sequence on may be installed again
    std::vector<Sha256> revoked;               ///< digests of withdrawn bundles
    bool development = false;                  ///< keys that anybody may have

    bool revokes(const Sha256& bundle_digest) const;
    bool expired(std::int64_t now) const { return now >= expires; }
};

/// The set that trust begins with, out of the read-only image: any version, signed by its own root threshold.
Checked<KeySet> read_first_key_set(Bytes file);

/// The successor of `current`. Its expiry is not looked at: a set on the way to a newer one may have expired.
/// Checked in this order: form of the envelope, the signatures of `current`'s root threshold, content, product, version
/// exactly one more, the signatures of its own root threshold.
Checked<KeySet> read_next_key_set(const KeySet& current, Bytes file);

/// A first set and its successors, in order. REQUIRES: !files.empty().
Checked<KeySet> walk_key_sets(std::span<const std::string> files);

/// The content, for those who make one: the checks of a key set's content without signatures or predecessor.
Checked<KeySet> read_key_set_content(std::string_view payload);

}  // namespace sluis
