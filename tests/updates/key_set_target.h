// A box for tests of pulling: a key set, a sequence, and the checks that need no compiler.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/store_files.h"
#include "control/updates/update_target.h"

namespace sluis {

class KeySetTarget final : public UpdateTarget {
public:
    KeySetTarget(const std::string& keys, std::uint64_t sequence, const std::int64_t& now) : now_(now) {
        const auto file = read_whole_file(keys, kKeySetEnvelopeLimit);
        auto set = file ? read_first_key_set(as_bytes(*file)) : tl::unexpected(file.error());
        if (!set) std::cerr << describe(set.error()) << "\n", std::exit(2);
        box.keys = *set;
        box.sequence = sequence;
    }
    tl::expected<BoxRules, std::string> look() override { return box; }
    UpdateOutcome take_note(const std::string& file) override {
        const auto note = read_freshness_note(as_bytes(file), box.keys);
        if (!note) return refused(note.error());
        box.note = *note;
        return "noted";
    }
    UpdateOutcome dry_run(const std::string& file) override {
        BundleExpectations expected{"testboard", box.sequence, 0, now_, false, true};
        const auto bundle = check_bundle(as_bytes(file), box.keys, expected);
        if (!bundle) return refused(bundle.error());
        return "sequence " + std::to_string(bundle->content.sequence());
    }
    UpdateOutcome install(const std::string& file, const UpdateInstall& how) override {
        auto outcome = dry_run(file);
        if (!outcome) return outcome;
        box.sequence = static_cast<std::uint64_t>(std::stoull(outcome->substr(9)));
        who = how.who;
        return outcome;
    }
    BoxRules box;
    std::string who;

private:
    static UpdateOutcome refused(const BundleError& error) {
        return tl::unexpected(
            UpdateRefusal{static_cast<std::uint32_t>(error.code), std::string(code_name(error.code)), error.message});
    }
    const std::int64_t& now_;
};

}  // namespace sluis
