#include "control/cli/inspect/chosen_rules.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_files.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/store_files.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/shipped_rules.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

Checked<TrialOutcome> verify_and_compile(const std::string& path, const KeySet& keys) {
    const auto file = read_whole_file(path, kEnvelopeLimit);
    if (!file) return tl::unexpected(file.error());
    BundleExpectations expected;
    expected.now = system_time();
    expected.installing = false;
    const auto checked = check_bundle(as_bytes(*file), keys, expected);
    if (!checked) return tl::unexpected(checked.error());
    TrialSettings settings;
    settings.judge_time = false;
    return try_bundle(*checked, settings);
}

tl::expected<std::unique_ptr<RuleSet>, std::string> load_bundle(const RuleChoice& choice) {
    const bool factory = choice.key_sets.empty();
    const auto keys = load_key_sets(factory ? std::vector<std::string>{kFactoryKeys} : choice.key_sets);
    if (!keys) {
        return Error(fmt::format("{} is a bundle, and the key set to verify it by is not there or not right: {}; {}",
                                 choice.path, describe(keys.error()),
                                 factory ? "name the one that you trust by --keys" : "see --keys"));
    }
    const auto tried = verify_and_compile(choice.path, *keys);
    if (!tried) return Error(fmt::format("{}: refused: {}", choice.path, describe(tried.error())));
    return RuleSet::load(tried->compiled);
}

}  // namespace

std::string why_no_choice(const RuleChoice& choice) {
    std::error_code ignored;
    const bool is_source = choice.path.ends_with(".toml") || std::filesystem::is_directory(choice.path, ignored);
    if (choice.key_sets.empty() || !(choice.path.empty() || is_source)) return {};
    const std::string what = choice.path.empty() ? "no --rules" : "--rules " + choice.path + ", which is none";
    return "--keys is for a bundle, and there is " + what;
}

tl::expected<std::unique_ptr<RuleSet>, std::string> load_rules(const RuleChoice& choice) {
    if (!choice.key_sets.empty() || is_bundle(choice.path)) return load_bundle(choice);
    if (!choice.path.empty()) return open_rules(choice.path);
    return find_shipped_rules().and_then([](const std::string& path) { return open_rules(path); });
}

}  // namespace sluis
