// The one verifier of rule bundles, for sluisctl and sluis-control. The checks come in this order, and the first that
// fails is the answer: size and form of the envelope, signatures, format, product, board, sequence, floor, withdrawal,
// times, blobs, engine and features; then, in a child process, compilation and self-tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/bundle/blob.h"
#include "control/bundle/key_set.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/trial.h"

namespace sluis {

/// What a bundle is held against.
struct BundleExpectations {
    std::string board;  ///< of this box; empty: any will do (on a workstation)
    /// A new bundle has to exceed it; none: nothing is installed, or the bundle is installed already.
    std::optional<std::uint64_t> installed_sequence;
    std::uint64_t floor = 0;
    std::int64_t now = 0;       ///< seconds since 1970-01-01 UTC
    bool accept_clock = false;  ///< go on although the clock was not set: times are not judged then
    /// Whether the bundle is about to be installed. One that is in force stays so when it expires, whatever the clock
    /// shows, and after the keys have expired.
    bool installing = true;
};

/// A bundle that passed all but the trial.
struct CheckedBundle {
    wire::RuleBundle content;  ///< without the blobs' data
    Sha256 digest{};
    std::vector<KeyId> signers;
    std::vector<SourceFile> files;
    bool expired = false;         ///< only when it is not being installed
    bool times_unjudged = false;  ///< the clock was not set
};

/// Up to the features. Quick: about 2 ms a signature, and the time to inflate.
Checked<CheckedBundle> check_bundle(Bytes file, const KeySet& keys, const BundleExpectations& expected);

/// What the trial takes, besides the bundle.
struct TrialSettings {
    TrialLimits limits;
    std::vector<std::string> pinned_names;   ///< that must pass on this box
    std::vector<std::string> allowed_names;  ///< normalised; they pass with all below them, whatever the rules say
    bool judge_time = true;  ///< hold the bundle to its own compile_ms: when it is to be installed, not at every start
    std::string program = find_trial_program();
};

/// Compiles and tests the rules in a child process: a second or less for the shipped set, minutes for very large ones.
Checked<TrialOutcome> try_bundle(const CheckedBundle& bundle, const TrialSettings& settings);

}  // namespace sluis
