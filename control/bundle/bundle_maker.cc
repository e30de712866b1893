#include "control/bundle/bundle_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "control/bundle/blob.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/self_test_source.h"
#include "control/bundle/self_test_target.h"
#include "control/bundle/store_files.h"
#include "control/rules/rule_explanation.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

/// The rule files that the sources name, by file name: the order of a bundle's blobs.
std::map<std::string, std::string> list_files(const Lines& sources, Lines& errors) {
    std::map<std::string, std::string> files;
    const auto add = [&](const fs::path& path) {
        const auto [other, added] = files.emplace(path.filename().string(), path.string());
        if (!added)
            errors.push_back(fmt::format("{}: {} has the same file name; rename one", path.string(), other->second));
    };
    for (const std::string& source : sources) {
        std::error_code problem;
        if (!fs::is_directory(source, problem)) {
            add(source);
            continue;
        }
        for (const auto& entry : fs::directory_iterator(source, problem))
            if (entry.path().extension() == ".toml") add(entry.path());
        if (problem) errors.push_back(fmt::format("{}: cannot be read: {}", source, problem.message()));
    }
    return files;
}

/// Packs the files, and reads their rules as a box will.
RuleSource pack(const std::map<std::string, std::string>& files, wire::RuleBundle& bundle, Lines& errors) {
    RuleSource source;
    for (const auto& [name, path] : files) {
        auto content = read_whole_file(path, kBlobSizeLimit);
        if (!content) {
            errors.push_back(content.error().message);
            continue;
        }
        if (!is_blob_name(name))
            errors.push_back(
                fmt::format("{}: the file's name must be letters, digits, '.', '-' and '_', and end in "
                            ".toml",
                            path));
        read_rule_text(*content, path, source, errors);
        *bundle.add_blobs() = pack_blob({name, std::move(*content)});
    }
    if (errors.empty() && source.rules.empty()) errors.push_back("there is no rule in what was read");
    return source;
}

/// The features that a box must have, in the order of their names.
void add_features(const RuleSource& source, wire::RuleBundle& bundle) {
    std::set<std::string> features;
    for (const SourceRule& rule : source.rules) features.insert("rule-" + std::string(kind_name(rule.kind)));
    if (bundle.tests_size() != 0) features.insert("self-test");
    for (const std::string& feature : features) bundle.add_required_features(feature);
}

void check_targets(const RuleSource& source, const wire::RuleBundle& bundle, Lines& errors) {
    SelfTestTargets targets;
    for (const SourceRule& rule : source.rules) targets.add(source.categories[rule.category].name, rule.name);
    if (const auto right = targets.check(bundle.tests()); !right) errors.push_back(right.error().message);
}

void check_plan(const BundlePlan& plan, Lines& errors) {
    if (plan.sequence == 0 || plan.sequence > kSequenceLimit)
        errors.push_back(fmt::format("the sequence is {}; 1 to {} are right", plan.sequence, kSequenceLimit));
    if (plan.min_sequence > plan.sequence)
        errors.push_back(fmt::format("min_sequence {} is above the sequence {}", plan.min_sequence, plan.sequence));
    if (plan.created <= 0 || plan.expires <= plan.created)
        errors.push_back("the bundle must be created after 1970, and expire after that");
}

}  // namespace

tl::expected<wire::RuleBundle, Lines> make_rule_bundle(const BundlePlan& plan) {
    Lines errors;
    check_plan(plan, errors);
    wire::RuleBundle bundle;
    bundle.set_format(kBundleFormat);
    bundle.set_product(std::string(kProduct));
    const std::set<std::string> boards(plan.boards.begin(), plan.boards.end());
    for (const std::string& board : boards) bundle.add_boards(board);
    bundle.set_sequence(plan.sequence);
    bundle.set_min_sequence(plan.min_sequence);
    bundle.set_created(plan.created);
    bundle.set_expires(plan.expires);
    bundle.set_min_engine(kEngineVersion);
    bundle.set_origin(plan.origin);
    bundle.set_notes(plan.notes);
    *bundle.mutable_limits() = plan.limits;
    const RuleSource source = pack(list_files(plan.sources, errors), bundle, errors);
    for (const std::string& file : plan.test_files) read_self_test_file(file, *bundle.mutable_tests(), errors);
    add_features(source, bundle);
    if (errors.empty()) check_targets(source, bundle, errors);
    if (!errors.empty()) return tl::unexpected(errors);
    // What a box would not read must not be signed.
    if (const auto readable = read_rule_bundle(write_message(bundle)); !readable)
        return tl::unexpected(Lines{readable.error().message});
    if (const auto files = unpack_blobs(bundle.blobs()); !files) return tl::unexpected(Lines{files.error().message});
    return bundle;
}

}  // namespace sluis
