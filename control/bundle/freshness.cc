#include "control/bundle/freshness.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/message_reader.h"

namespace sluis {

Checked<FreshnessNote> read_freshness_content(std::string_view payload) {
    wire::Freshness written;
    if (!read_message(payload, written) || !has_shape(payload, shape::kFreshness))
        return refuse(BundleCode::payload_malformed, "the content is no freshness note that this version can read");
    FreshnessNote note{written.sequence(), {}, written.issued(), written.expires(), {}};
    if (note.sequence == 0 || note.sequence > kSequenceLimit) {
        return refuse(BundleCode::sequence_range, fmt::format("the freshness note's sequence is {}; 1 to {} are right",
                                                              note.sequence, kSequenceLimit));
    }
    if (written.bundle_sha256().size() != note.bundle.size()) {
        return refuse(BundleCode::payload_limit, fmt::format("the freshness note's digest has {} bytes; {} are right",
                                                             written.bundle_sha256().size(), note.bundle.size()));
    }
    if (note.issued <= 0 || note.expires <= note.issued) {
        return refuse(BundleCode::times_disordered,
                      fmt::format("the freshness note says that it was issued at {} and expires at {}",
                                  format_time(note.issued), format_time(note.expires)));
    }
    std::transform(written.bundle_sha256().begin(), written.bundle_sha256().end(), note.bundle.begin(),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    return note;
}

Checked<FreshnessNote> read_freshness_note(Bytes file, const KeySet& keys) {
    const auto envelope = read_envelope(file, kFreshnessLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    const auto signers = check_signatures(*envelope, Purpose::freshness, keys.freshness_keys, 1);
    if (!signers) return tl::unexpected(signers.error());
    auto note = read_freshness_content(envelope->payload());
    if (note) note->signer = signers->front();
    return note;
}

Checked<void> check_note_times(const FreshnessNote& note, std::int64_t now) {
    if (note.issued > now + kCreatedAheadLimit) {
        return refuse(BundleCode::note_in_future,
                      fmt::format("the freshness note was issued at {}, and now is {}; see to the clock",
                                  format_time(note.issued), format_time(now)));
    }
    if (note.expires > now) return {};
    return refuse(BundleCode::note_expired, fmt::format("the freshness note of {} expired at {}; fetch a newer one",
                                                        format_time(note.issued), format_time(note.expires)));
}

Checked<void> check_note_bundle(const FreshnessNote& note, std::uint64_t sequence, const Sha256& digest) {
    if (note.sequence > sequence) {
        return refuse(BundleCode::bundle_outdated,
                      fmt::format("sequence {} ({}) was the newest at {}, and this is {}; fetch it", note.sequence,
                                  to_hex(note.bundle), format_time(note.issued), sequence));
    }
    if (note.sequence < sequence || note.bundle == digest) return {};
    return refuse(BundleCode::bundle_unlisted,
                  fmt::format("sequence {} is {} by the note of {}, and this is {}; ask who signed them", sequence,
                              to_hex(note.bundle), format_time(note.issued), to_hex(digest)));
}

}  // namespace sluis
