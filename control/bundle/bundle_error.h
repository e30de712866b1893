// Why a signed file, an installation or a roll-back was refused.
//
// One list makes the enum, the stable name and the sentence for the documentation. Numbers and names stay as they are
// for ever: scripts, metrics and events carry them. The hundreds follow the order of the checks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

// clang-format off
#define SLUIS_BUNDLE_CODES(X) \
    X(ok,                      0, "nothing is wrong") \
    X(file_unreadable,       101, "a file cannot be read") \
    X(size,                  102, "the file is empty, or larger than any bundle or key set") \
    X(envelope_malformed,    103, "the file is no envelope in its canonical encoding, or bytes follow it") \
    X(signature_count,       104, "the envelope has no signature, or more than 16") \
    X(signature_malformed,   105, "a signature's key id has not 8 bytes, or its value is no ECDSA-Sig-Value in DER") \
    X(signature_repeated,    106, "two signatures are by the same key") \
    X(signature_unknown_key, 201, "too few signatures, and one or more are by keys that are not trusted") \
    X(signature_wrong,       202, "a signature by a trusted key does not fit the content") \
    X(signature_threshold,   203, "all signatures are right, but too few keys have signed") \
    X(payload_malformed,     301, "the signed content is no message in its canonical encoding") \
    X(format_unknown,        302, "the content has a format that this version does not know") \
    X(product_wrong,         303, "the content is for another product") \
    X(board_wrong,           304, "the bundle is for other boards") \
    X(payload_limit,         305, "the content has too many parts, or a part that is too long or out of range") \
    X(sequence_equal,        401, "the sequence is that of the bundle in force") \
    X(sequence_lower,        402, "the sequence is lower than that of the bundle in force") \
    X(sequence_range,        403, "the sequence is 0, or so high that it leaves no room for successors") \
    X(sequence_below_floor,  404, "the sequence is below the floor") \
    X(floor_above_sequence,  405, "the bundle's min_sequence is above its own sequence") \
    X(revoked,               406, "the key set withdraws this bundle") \
    X(clock_not_set,         501, "the clock shows a time before this program was built") \
    X(created_in_future,     502, "the bundle was created more than a day from now") \
    X(expired,               503, "the bundle has expired") \
    X(times_disordered,      504, "the bundle expires before it was created, or a time is missing") \
    X(keys_expired,          505, "the key set in force has expired") \
    X(blob_name,             601, "a blob's name is no plain file name that ends in .toml, or is there twice") \
    X(blob_size,             602, "a blob's data or content has another size than it says") \
    X(blob_digest,           603, "a blob's content has another SHA-256 than it says") \
    X(blob_compression,      604, "a blob's compression is not known") \
    X(blob_broken,           605, "a blob's compressed data are broken or cut off") \
    X(blob_bomb,             606, "a blob inflates to more than it says") \
    X(blob_trailing,         607, "bytes follow a blob's compressed data") \
    X(blob_limit,            608, "a blob, or all together, would be larger than rules may be") \
    X(engine_too_old,        701, "the rules need a newer engine") \
    X(feature_unknown,       702, "the rules need a feature that this version does not have") \
    X(rules_wrong,           801, "the rule source has mistakes") \
    X(compile_failed,        802, "the matching engine refuses the rules") \
    X(rule_limit,            803, "there are more rules than the bundle's limit") \
    X(compiled_limit,        804, "the compiled set is larger than the limit") \
    X(trial_memory,          805, "compiling and testing took more memory than it may") \
    X(trial_time,            806, "compiling and testing took longer than it may") \
    X(trial_crashed,         807, "the process that compiles and tests ended without an answer") \
    X(trial_unavailable,     808, "the process that compiles and tests cannot be started") \
    X(self_test_failed,      901, "a self-test of the rules failed") \
    X(pinned_name_refused,   902, "the rules refuse a name that must pass on this box") \
    X(key_malformed,        1001, "a key is no P-256 key in PEM, or in canonical SubjectPublicKeyInfo") \
    X(key_set_limit,        1002, "the key set has too many or too few keys, or a part out of range") \
    X(key_repeated,         1003, "a key stands in the key set twice, in one role or in two") \
    X(key_set_threshold,    1004, "a threshold is 0 or more than there are keys") \
    X(key_set_version,      1005, "the key set's version is not exactly one more than its predecessor's") \
    X(key_set_expired,      1006, "the newest key set has expired") \
    X(key_set_development,  1007, "development keys would follow keys of another kind, or the other way round") \
    X(key_set_successor,    1008, "the key set is not signed by enough of its own root keys") \
    X(store_locked,         1101, "another process writes to the store") \
    X(store_unusable,       1102, "the store cannot be read or written") \
    X(key_set_missing,      1103, "there is no key set that can be trusted, or a later one was lost") \
    X(not_pending,          1104, "no bundle is on probation") \
    X(no_fallback,          1105, "there is no earlier bundle to go back to that may be in force") \
    X(already_pending,      1106, "a bundle is on probation; confirm it or roll it back first") \
    X(probation_over,       1107, "the bundle was not confirmed in time, and is rolled back") \
    X(note_in_future,       1201, "the freshness note was issued more than a day from now") \
    X(note_expired,         1202, "the freshness note has expired: there should be a newer one") \
    X(note_older,           1203, "the freshness note is older than one that was seen, or another of its time") \
    X(bundle_outdated,      1204, "the freshness note names a newer bundle") \
    X(bundle_unlisted,      1205, "the freshness note gives this bundle's sequence to another bundle")
// clang-format on

enum class BundleCode : std::uint16_t {
#define X(name, number, text) name = number,
    SLUIS_BUNDLE_CODES(X)
#undef X
};

struct BundleCodeInfo {
    BundleCode code;
    std::string_view name;
    std::string_view meaning;
};

inline constexpr std::array kBundleCodes{
#define X(name, number, text) BundleCodeInfo{BundleCode::name, #name, text},
    SLUIS_BUNDLE_CODES(X)
#undef X
};

/// The stable name, "unknown" for a number that is none of the list.
std::string_view code_name(BundleCode code);
/// The code of a number that came from outside; `fallback` when the list has none.
BundleCode code_of(std::uint32_t number, BundleCode fallback);

struct BundleError {
    BundleCode code = BundleCode::ok;
    std::string message;  ///< one line: what, where, and what to do; control characters are escaped
};

/// "304 board_wrong: the bundle is for …"
std::string describe(const BundleError& error);

template <typename T>
using Checked = tl::expected<T, BundleError>;

/// For `return refuse(…)` in a function that returns Checked.
tl::unexpected<BundleError> refuse(BundleCode code, std::string_view message);

}  // namespace sluis
