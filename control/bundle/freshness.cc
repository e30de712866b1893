#include "control/bundle/freshness.h"

#include <algorithm>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/message_reader.h"

namespace sluis {

Checked<FreshnessNote> read_freshness_note(Bytes file, const KeySet& keys) {
    const auto envelope = read_envelope(file, kFreshnessLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    const auto signers = check_signatures(*envelope, Purpose::freshness, keys.freshness_keys, 1);
    if (!signers) return tl::unexpected(signers.error());
    wire::Freshness written;
    if (!read_message(envelope->payload(), written) || !has_shape(envelope->payload(), shape::kFreshness))
        return refuse(BundleCode::payload_malformed, "the content is no freshness note that this version can read");
    FreshnessNote note{written.sequence(), {}, written.expires()};
    if (note.sequence == 0 || note.sequence > kSequenceLimit)
        return refuse(BundleCode::sequence_range, "the freshness note's sequence is out of range");
    if (written.bundle_sha256().size() != note.bundle.size() || note.expires <= 0)
        return refuse(BundleCode::payload_limit, "the freshness note's digest or expiry is missing or out of range");
    std::transform(written.bundle_sha256().begin(), written.bundle_sha256().end(), note.bundle.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    return note;
}

}  // namespace sluis
