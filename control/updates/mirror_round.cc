#include "control/updates/mirror_round.h"

#include <algorithm>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_files.h"

namespace sluis {
namespace {

/// Of a mirror that gives an older note: what it says is right, and not new.
bool is_older(const FreshnessNote& note, const std::optional<FreshnessNote>& known) {
    return known && note.issued < known->issued && note.sequence < known->sequence;
}

}  // namespace

tl::expected<void, std::string> check_download(Bytes file, const FreshnessNote& note, const KeySet& keys) {
    const auto envelope = read_envelope(file, kEnvelopeLimit);
    if (!envelope) return tl::unexpected(describe(envelope.error()));
    if (payload_digest(*envelope) != note.bundle)
        return tl::unexpected<std::string>("what the mirror has is another bundle than the note names");
    const auto signers = check_signatures(*envelope, Purpose::rules, keys.rule_keys, keys.rule_threshold);
    if (!signers) return tl::unexpected(describe(signers.error()));
    return {};
}

MirrorRound::MirrorRound(const std::vector<std::string>& mirrors, const std::string& directory, MirrorGet get,
                         MirrorLimits limits, Random random)
    : folder_(directory), get_(std::move(get)), limits_(limits), random_(std::move(random)) {
    for (const std::string& url : mirrors) mirrors_.emplace_back().url = url;
}

std::optional<FetchedNote> MirrorRound::ask(const KeySet& keys, const std::optional<FreshnessNote>& known,
                                            std::int64_t now, bool all) {
    // Other keys may say otherwise of what came.
    if (keys.version != key_set_)
        for (MirrorState& mirror : mirrors_) mirror.etag.clear(), mirror.spoiled.clear();
    key_set_ = keys.version;
    std::optional<FetchedNote> newest;
    for (MirrorState& mirror : mirrors_) {
        if (!all && !mirror.note_patience.is_over(now)) continue;
        mirror.asked = now;
        if (const auto right = ask(mirror, keys, known, now); !right) {
            note_failure(mirror, mirror.note_patience, right.error(), now, random_());
            continue;
        }
        mirror.fresh = now;
        mirror.note_patience = {};
        if (mirror.bundle_patience.failures == 0) mirror.last = {};
        mirror.older_since = 0;
        if (!newest || mirror.note->issued > newest->note.issued) newest = FetchedNote{*mirror.note, mirror.note_file};
    }
    return newest;
}

Fetched<void> MirrorRound::ask(MirrorState& mirror, const KeySet& keys, const std::optional<FreshnessNote>& known,
                               std::int64_t now) {
    // A note that has expired is asked for anew: whoever says that it is the same has nothing to say.
    const bool may_be_same = !mirror.etag.empty() && mirror.note && check_note_times(*mirror.note, now).has_value();
    MemoryBody body(may_be_same);
    const auto head =
        get_({mirror.url + kNoteName, may_be_same ? mirror.etag : "", 0, kFreshnessLimit, limits_.note}, body);
    if (!head) return tl::unexpected(head.error());
    const std::string file = head->status == 304 ? mirror.note_file : body.content();
    const auto note = read_freshness_note(as_bytes(file), keys);
    if (!note) return failed(UpdateCause::note, describe(note.error()));
    if (const auto right = check_note_times(*note, now); !right)
        return failed(UpdateCause::note, describe(right.error()));
    if (is_older(*note, known)) {
        if (mirror.older_since == 0) mirror.older_since = now;
        return failed(UpdateCause::older, "the mirror's note names sequence " + std::to_string(note->sequence) +
                                              ", and sequence " + std::to_string(known->sequence) +
                                              " has been the newest since");
    }
    if (head->status != 304) mirror.etag = head->etag;
    mirror.note = *note;
    mirror.note_file = file;
    return {};
}

Fetched<std::string> MirrorRound::fetch(const FreshnessNote& note, const KeySet& keys, std::int64_t now, bool all) {
    const std::string sha256 = to_hex(note.bundle);
    if (auto ready = folder_.prepare(sha256); !ready) return tl::unexpected(ready.error());
    if (auto there = read_whole_file(folder_.bundle_path(sha256), kEnvelopeLimit))
        if (check_download(as_bytes(*there), note, keys)) return std::move(*there);
    Fetched<std::string> outcome = failed(UpdateCause::connect, "no mirror that has the bundle may be asked now");
    for (MirrorState& mirror : mirrors_) {
        const bool has_it = mirror.note && mirror.note->bundle == note.bundle && mirror.spoiled != sha256;
        const bool is_asked = mirror.note_patience.failures == 0 && (all || mirror.bundle_patience.is_over(now));
        if (!has_it || !is_asked) continue;
        outcome = fetch_from(mirror, note, keys);
        if (outcome) {
            mirror.bundle_patience = {};
            mirror.last = {};
            return outcome;
        }
        if (outcome.error().cause == UpdateCause::bundle) mirror.spoiled = sha256;
        note_failure(mirror, mirror.bundle_patience, outcome.error(), now, random_());
    }
    return outcome;
}

/// What a download goes on from may be another mirror's, and wrong: it is then begun anew, once.
Fetched<std::string> MirrorRound::fetch_from(const MirrorState& mirror, const FreshnessNote& note, const KeySet& keys) {
    const std::string sha256 = to_hex(note.bundle);
    Fetched<std::string> outcome;
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto resumed = download(mirror.url + sha256 + ".bundle", sha256);
        if (!resumed) return tl::unexpected(resumed.error());
        auto content = read_whole_file(folder_.part_path(sha256), kEnvelopeLimit);
        if (!content) return failed(UpdateCause::storage, describe(content.error()));
        const auto right = check_download(as_bytes(*content), note, keys);
        if (right) {
            if (auto kept = folder_.finish(sha256); !kept) return tl::unexpected(kept.error());
            return std::move(*content);
        }
        folder_.remove_part(sha256);
        outcome = failed(UpdateCause::bundle, right.error());
        if (!*resumed) break;
    }
    return outcome;
}

/// Whether the file's beginning was there before.
Fetched<bool> MirrorRound::download(const std::string& url, const std::string& sha256) {
    Fetched<bool> outcome;
    for (int attempt = 0; attempt < 2; ++attempt) {
        std::uint64_t from = folder_.part_size(sha256);
        if (from >= kEnvelopeLimit) folder_.remove_part(sha256), from = 0;
        FileBody body(folder_.part_path(sha256), from, kEnvelopeLimit);
        const auto head = get_({url, "", from, kEnvelopeLimit, limits_.bundle}, body);
        downloaded_ += body.taken();
        if (head) return body.is_resumed();
        outcome = tl::unexpected(head.error());
        if (!body.is_beginning_useless()) break;
        folder_.remove_part(sha256);
    }
    return outcome;
}

void MirrorRound::forget_downloads(const std::string& sha256) const {
    [[maybe_unused]] const auto ready = folder_.prepare(sha256);
}

std::optional<std::int64_t> MirrorRound::next_retry(std::int64_t now) const {
    std::optional<std::int64_t> next;
    for (const MirrorState& mirror : mirrors_)
        for (const Patience* patience : {&mirror.note_patience, &mirror.bundle_patience})
            if (patience->failures != 0 && patience->retry_at > now)
                next = std::min(next.value_or(patience->retry_at), patience->retry_at);
    return next;
}

}  // namespace sluis
