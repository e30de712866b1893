#include "control/bundle/key_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/message_reader.h"

namespace sluis {
namespace {

using Keys = google::protobuf::RepeatedPtrField<std::string>;

/// Reads the keys of one role; `seen` are those of all roles so far.
Checked<std::vector<PublicKey>> read_role(const char* role, const Keys& written, std::size_t least,
                                          std::set<PublicKey>& seen) {
    const auto count = static_cast<std::size_t>(written.size());
    if (count < least || count > kRoleKeyLimit) {
        return refuse(BundleCode::key_set_limit,
                      fmt::format("{} {} keys; {} to {} are right", count, role, least, kRoleKeyLimit));
    }
    std::vector<PublicKey> keys;
    for (const std::string& each : written) {
        auto key = PublicKey::from_spki(each);
        if (!key) return tl::unexpected(key.error());
        if (!seen.insert(*key).second) {
            return refuse(BundleCode::key_repeated, fmt::format("a {} key stands in the key set twice; each key has "
                                                                "one role, and counts once",
                                                                role));
        }
        keys.push_back(std::move(*key));
    }
    return keys;
}

Checked<void> read_roles(const wire::KeySet& written, KeySet& set) {
    std::set<PublicKey> seen;
    auto root = read_role("root", written.root_keys(), 1, seen);
    if (!root) return tl::unexpected(root.error());
    auto rule = read_role("rule", written.rule_keys(), 1, seen);
    if (!rule) return tl::unexpected(rule.error());
    auto freshness = read_role("freshness", written.freshness_keys(), 0, seen);
    if (!freshness) return tl::unexpected(freshness.error());
    set.root_keys = std::move(*root);
    set.rule_keys = std::move(*rule);
    set.freshness_keys = std::move(*freshness);
    set.root_threshold = written.root_threshold();
    set.rule_threshold = written.rule_threshold();
    const auto fits = [](std::uint32_t threshold, std::size_t keys) { return threshold >= 1 && threshold <= keys; };
    if (fits(set.root_threshold, set.root_keys.size()) && fits(set.rule_threshold, set.rule_keys.size())) return {};
    return refuse(BundleCode::key_set_threshold,
                  fmt::format("thresholds {} of {} root keys and {} of {} rule keys; 1 to all are right",
                              set.root_threshold, set.root_keys.size(), set.rule_threshold, set.rule_keys.size()));
}

Checked<void> read_revoked(const wire::KeySet& written, KeySet& set) {
    if (static_cast<std::size_t>(written.revoked_bundles_size()) > kRevokedLimit) {
        return refuse(BundleCode::key_set_limit, fmt::format("{} withdrawn bundles; {} are the most",
                                                             written.revoked_bundles_size(), kRevokedLimit));
    }
    for (const std::string& each : written.revoked_bundles()) {
        Sha256 digest{};
        if (each.size() != digest.size())
            return refuse(BundleCode::key_set_limit, "a withdrawn bundle's digest has not 32 bytes");
        std::transform(each.begin(), each.end(), digest.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
        set.revoked.push_back(digest);
    }
    return {};
}

Checked<void> read_numbers(const wire::KeySet& written, KeySet& set) {
    set.product = written.product();
    set.version = written.version();
    set.expires = written.expires();
    set.development = written.development();
    const bool right = !set.product.empty() && set.product.size() <= kBundleNameLimit && set.version >= 1 &&
                       set.version <= kKeySetVersionLimit && set.expires > 0 &&
                       written.sequence_floor_reset() <= kSequenceLimit;
    if (!right) {
        return refuse(BundleCode::key_set_limit,
                      fmt::format("product, version, expiry or floor of the key set is missing or out of range "
                                  "(version at most {}, floor at most {})",
                                  kKeySetVersionLimit, kSequenceLimit));
    }
    if (written.sequence_floor_reset() != 0) set.floor_reset = written.sequence_floor_reset();
    return {};
}

Checked<void> check_succession(const KeySet& current, const KeySet& next) {
    if (next.product != current.product) {
        return refuse(BundleCode::product_wrong,
                      fmt::format("the key set is for '{}', not for '{}'", next.product, current.product));
    }
    if (next.version != current.version + 1) {
        return refuse(BundleCode::key_set_version,
                      fmt::format("the key set has version {}; {} follows {}. Install those between, one by one",
                                  next.version, current.version + 1, current.version));
    }
    if (next.development != current.development) {
        return refuse(BundleCode::key_set_development,
                      "a set of development keys and one of real keys cannot follow each other; flash an image with "
                      "the other keys");
    }
    return {};
}

/// Whether the set's own root keys have signed it.
Checked<void> check_own_signatures(const wire::Envelope& envelope, const KeySet& set) {
    const auto signers = check_signatures(envelope, Purpose::key_set, set.root_keys, set.root_threshold);
    if (signers) return {};
    return refuse(BundleCode::key_set_successor,
                  fmt::format("by the root keys of key set {} itself: {}", set.version, signers.error().message));
}

}  // namespace

bool KeySet::revokes(const Sha256& bundle_digest) const {
    return std::find(revoked.begin(), revoked.end(), bundle_digest) != revoked.end();
}

Checked<KeySet> read_key_set_content(std::string_view payload) {
    wire::KeySet written;
    if (!read_message(payload, written) || !has_shape(payload, shape::kKeySet))
        return refuse(BundleCode::payload_malformed, "the content is no key set that this version can read");
    if (written.format() != kKeySetFormat) {
        return refuse(BundleCode::format_unknown,
                      fmt::format("the key set has format {}; this version reads {}", written.format(), kKeySetFormat));
    }
    KeySet set;
    for (const auto read : {read_numbers, read_roles, read_revoked}) {
        if (auto done = read(written, set); !done) return tl::unexpected(done.error());
    }
    return set;
}

Checked<KeySet> read_first_key_set(Bytes file) {
    const auto envelope = read_envelope(file, kKeySetEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    auto set = read_key_set_content(envelope->payload());
    if (!set) return set;
    if (auto own = check_own_signatures(*envelope, *set); !own) return tl::unexpected(own.error());
    return set;
}

Checked<KeySet> read_next_key_set(const KeySet& current, Bytes file) {
    const auto envelope = read_envelope(file, kKeySetEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    const auto signers = check_signatures(*envelope, Purpose::key_set, current.root_keys, current.root_threshold);
    if (!signers) return tl::unexpected(signers.error());
    auto set = read_key_set_content(envelope->payload());
    if (!set) return set;
    if (auto follows = check_succession(current, *set); !follows) return tl::unexpected(follows.error());
    if (auto own = check_own_signatures(*envelope, *set); !own) return tl::unexpected(own.error());
    return set;
}

Checked<KeySet> walk_key_sets(std::span<const std::string> files) {
    auto set = read_first_key_set(as_bytes(files.front()));
    for (const std::string& file : files.subspan(1)) {
        if (!set) return set;
        set = read_next_key_set(*set, as_bytes(file));
    }
    return set;
}

}  // namespace sluis
