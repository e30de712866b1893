#include "control/bundle/bundle_verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"

namespace sluis {
namespace {

Checked<void> check_destination(const wire::RuleBundle& bundle, const KeySet& keys, const std::string& board) {
    if (bundle.product() != kProduct || bundle.product() != keys.product) {
        return refuse(BundleCode::product_wrong, fmt::format("the bundle is for '{}', this is {} with keys for '{}'",
                                                             bundle.product(), kProduct, keys.product));
    }
    const auto& boards = bundle.boards();
    const bool fits = board.empty() || std::any_of(boards.begin(), boards.end(), [&](const std::string& each) {
                          return each == board || each == kAnyBoard;
                      });
    if (fits) return {};
    return refuse(BundleCode::board_wrong,
                  fmt::format("the bundle is for {}, this box is a '{}'", fmt::join(boards, ", "), board));
}

Checked<void> check_sequence(const wire::RuleBundle& bundle, const BundleExpectations& expected) {
    const std::uint64_t sequence = bundle.sequence();
    if (sequence == 0 || sequence > kSequenceLimit) {
        return refuse(BundleCode::sequence_range,
                      fmt::format("the sequence is {}; 1 to {} are right", sequence, kSequenceLimit));
    }
    if (bundle.min_sequence() > sequence) {
        return refuse(BundleCode::floor_above_sequence,
                      fmt::format("min_sequence {} is above the sequence {} itself", bundle.min_sequence(), sequence));
    }
    if (expected.installed_sequence && sequence <= *expected.installed_sequence) {
        const bool equal = sequence == *expected.installed_sequence;
        return refuse(
            equal ? BundleCode::sequence_equal : BundleCode::sequence_lower,
            fmt::format("the sequence is {}, and {} is installed already", sequence, *expected.installed_sequence));
    }
    if (sequence < expected.floor) {
        return refuse(BundleCode::sequence_below_floor,
                      fmt::format("the sequence {} is below the floor {}", sequence, expected.floor));
    }
    return {};
}

Checked<void> check_new_times(const wire::RuleBundle& bundle, const KeySet& keys, std::int64_t now) {
    if (bundle.created() > now + kCreatedAheadLimit) {
        return refuse(BundleCode::created_in_future,
                      fmt::format("the bundle was created at {}, and now is {}; see to the clock",
                                  format_time(bundle.created()), format_time(now)));
    }
    if (bundle.expires() <= now) {
        return refuse(BundleCode::expired,
                      fmt::format("the bundle expired at {}; fetch a newer one", format_time(bundle.expires())));
    }
    if (keys.expired(now)) {
        return refuse(BundleCode::keys_expired, fmt::format("key set {} expired at {}; install its successor",
                                                            keys.version, format_time(keys.expires)));
    }
    return {};
}

Checked<void> check_times(const KeySet& keys, const BundleExpectations& expected, CheckedBundle& checked) {
    const wire::RuleBundle& bundle = checked.content;
    if (bundle.created() <= 0 || bundle.expires() <= bundle.created()) {
        return refuse(BundleCode::times_disordered,
                      fmt::format("the bundle says that it was created at {} and expires at {}",
                                  format_time(bundle.created()), format_time(bundle.expires())));
    }
    checked.times_unjudged = !is_clock_set(expected.now);
    if (!expected.installing) {
        checked.expired = !checked.times_unjudged && bundle.expires() <= expected.now;
        return {};
    }
    if (!checked.times_unjudged) return check_new_times(bundle, keys, expected.now);
    if (expected.accept_clock) return {};
    return refuse(BundleCode::clock_not_set,
                  fmt::format("the clock shows {}, before this program was built; set it, or use --accept-clock",
                              format_time(expected.now)));
}

}  // namespace

Checked<CheckedBundle> check_bundle(Bytes file, const KeySet& keys, const BundleExpectations& expected) {
    const auto envelope = read_envelope(file, kEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    auto signers = check_signatures(*envelope, Purpose::rules, keys.rule_keys, keys.rule_threshold);
    if (!signers) return tl::unexpected(signers.error());
    auto content = read_rule_bundle(envelope->payload());
    if (!content) return tl::unexpected(content.error());

    CheckedBundle checked{std::move(*content), payload_digest(*envelope), std::move(*signers), {}, false, false};
    if (auto right = check_destination(checked.content, keys, expected.board); !right)
        return tl::unexpected(right.error());
    if (auto right = check_sequence(checked.content, expected); !right) return tl::unexpected(right.error());
    if (keys.revokes(checked.digest)) {
        return refuse(BundleCode::revoked,
                      fmt::format("key set {} withdraws this bundle ({})", keys.version, to_hex(checked.digest)));
    }
    if (auto right = check_times(keys, expected, checked); !right) return tl::unexpected(right.error());
    auto files = unpack_blobs(checked.content.blobs());
    if (!files) return tl::unexpected(files.error());
    checked.files = std::move(*files);
    for (wire::Blob& blob : *checked.content.mutable_blobs()) blob.clear_data();
    if (auto right = check_features(checked.content); !right) return tl::unexpected(right.error());
    return checked;
}

Checked<TrialOutcome> try_bundle(const CheckedBundle& bundle, const TrialSettings& settings) {
    wire::TrialRequest request;
    for (const SourceFile& file : bundle.files) {
        wire::RuleFile& added = *request.add_files();
        added.set_name(file.name);
        added.set_content(file.content);
    }
    *request.mutable_limits() = bundle.content.limits();
    if (!settings.judge_time) request.mutable_limits()->clear_compile_ms();
    *request.mutable_tests() = bundle.content.tests();
    for (const std::string& name : settings.pinned_names) request.add_pinned_names(name);
    for (const std::string& name : settings.allowed_names) request.add_allowed_names(name);
    return run_trial(request, settings.limits, settings.program);
}

}  // namespace sluis
