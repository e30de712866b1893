// sluisctl bundle: verify, test, show, diff.
#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_files.h"
#include "control/cli/bundle_command.h"
#include "control/cli/command_options.h"
#include "control/cli/json.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

struct Options {
    std::string file;
    std::string other;
    std::vector<std::string> key_sets;
    std::string now;
    std::uint64_t installed = 0;
    BundleExpectations expected;
    TrialSettings trial;
    bool json = false;
};

/// A bundle whose signatures nobody has looked at: for people, never for a box.
struct UnverifiedBundle {
    wire::Envelope envelope;
    wire::RuleBundle content;
    std::vector<SourceFile> files;
};

Checked<UnverifiedBundle> open_unverified(const std::string& path) {
    auto envelope = load_envelope(path, kEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    auto content = read_rule_bundle(envelope->payload());
    if (!content) return tl::unexpected(content.error());
    auto files = unpack_blobs(content->blobs());
    if (!files) return tl::unexpected(files.error());
    return UnverifiedBundle{std::move(*envelope), std::move(*content), std::move(*files)};
}

/// A refusal: as JSON on standard output too, for scripts that look for the code.
int fail_with(const Options& options, const BundleError& error) {
    if (options.json) {
        print_json({{"file", options.file},
                    {"ok", false},
                    {"code", static_cast<unsigned>(error.code)},
                    {"error", code_name(error.code)},
                    {"message", error.message}});
    }
    return fail_command(options.file, error);
}

Checked<TrialOutcome> try_visibly(const CheckedBundle& bundle, const TrialSettings& settings) {
    const WaitingLine line("compiling and testing the rules");
    return try_bundle(bundle, settings);
}

int report(const Options& options, const CheckedBundle& bundle, const TrialOutcome& trial, const KeySet* keys) {
    Json result{{"file", options.file},
                {"ok", true},
                {"sequence", bundle.content.sequence()},
                {"sha256", to_hex(bundle.digest)},
                {"rules", trial.rules},
                {"self_tests", bundle.content.tests_size()},
                {"compiled_bytes", trial.compiled.size()},
                {"compile_ms", trial.compile_time.count()}};
    Json signers = Json::array();
    for (const KeyId& id : bundle.signers) signers.push_back(to_hex(id));
    if (keys != nullptr) {
        result["signed_by"] = signers;
        result["key_set"] = keys->version;
        result["development_keys"] = keys->development;
        result["times_judged"] = !bundle.times_unjudged;
    }
    if (options.json) return print_json(result), kExitOk;
    fmt::print("{}: right: sequence {}, {} rules, {} self-tests, compiled to {} bytes in {} ms, digest {}\n",
               options.file, bundle.content.sequence(), trial.rules, bundle.content.tests_size(), trial.compiled.size(),
               trial.compile_time.count(), to_hex(bundle.digest));
    if (keys == nullptr) return kExitOk;
    for (const KeyId& id : bundle.signers) fmt::print("  signed by {}\n", to_hex(id));
    if (bundle.times_unjudged) fmt::print("  the clock was not set: its times were not judged\n");
    if (keys->development) fmt::print("  trusted by development keys, which anybody may have\n");
    return kExitOk;
}

int verify(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto keys = load_key_sets(options.key_sets);
    if (!keys) return fail_command("the key sets", keys.error());
    BundleExpectations expected = options.expected;
    expected.now = *now;
    if (options.installed != 0) expected.installed_sequence = options.installed;
    const auto file = read_whole_file(options.file, kEnvelopeLimit);
    if (!file) return fail_with(options, file.error());
    const auto checked = check_bundle(as_bytes(*file), *keys, expected);
    if (!checked) return fail_with(options, checked.error());
    const auto trial = try_visibly(*checked, options.trial);
    if (!trial) return fail_with(options, trial.error());
    return report(options, *checked, *trial, &*keys);
}

int test(const Options& options) {
    auto bundle = open_unverified(options.file);
    if (!bundle) return fail_with(options, bundle.error());
    if (const auto features = check_features(bundle->content); !features) return fail_with(options, features.error());
    const CheckedBundle checked{
        std::move(bundle->content), payload_digest(bundle->envelope), {}, std::move(bundle->files), false, false};
    const auto trial = try_visibly(checked, options.trial);
    if (!trial) return fail_with(options, trial.error());
    return report(options, checked, *trial, nullptr);
}

template <typename Texts>
Json list(const Texts& texts) {
    Json all = Json::array();
    for (const auto& each : texts) all.push_back(each);
    return all;
}

/// What the bundle says of itself, as rows for people and members for scripts.
Json header_of(const wire::RuleBundle& content) {
    Json header{{"product", content.product()},
                {"boards", list(content.boards())},
                {"sequence", content.sequence()},
                {"min_sequence", content.min_sequence()},
                {"created", format_time(content.created())},
                {"expires", format_time(content.expires())},
                {"min_engine", content.min_engine()},
                {"required_features", list(content.required_features())},
                {"max_rules", content.limits().rules()},
                {"max_compiled_bytes", content.limits().compiled_bytes()},
                {"max_compile_ms", content.limits().compile_ms()},
                {"origin", content.origin()},
                {"notes", content.notes()},
                {"self_tests", content.tests_size()}};
    return header;
}

Json describe_bundle(const UnverifiedBundle& bundle) {
    Json all = header_of(bundle.content);
    all["sha256"] = to_hex(payload_digest(bundle.envelope));
    Json signatures = Json::array();
    for (const auto& each : bundle.envelope.signatures()) signatures.push_back(to_hex(each.key_id()));
    all["signed_by"] = std::move(signatures);
    Json files = Json::array();
    for (const wire::Blob& blob : bundle.content.blobs()) {
        files.push_back({{"name", blob.name()},
                         {"bytes", blob.uncompressed_size()},
                         {"packed_bytes", blob.size()},
                         {"sha256", to_hex(blob.sha256())}});
    }
    all["files"] = std::move(files);
    all["verified"] = false;
    return all;
}

int show(const Options& options) {
    const auto bundle = open_unverified(options.file);
    if (!bundle) return fail_with(options, bundle.error());
    const Json all = describe_bundle(*bundle);
    if (options.json) return print_json(all), kExitOk;
    for (const auto& [key, value] : all.members()) {
        if (key == "files" || key == "verified") continue;
        fmt::print("{:<20} {}\n", key, one_line(value.text()));
    }
    for (const Json& file : at(all, "files")) {
        fmt::print("{:<20} {}, {} bytes, {} packed\n", "file", text_of(at(file, "name")), text_of(at(file, "bytes")),
                   text_of(at(file, "packed_bytes")));
    }
    fmt::print("Nothing of this was verified: see 'sluisctl bundle verify'.\n");
    return kExitOk;
}

/// The rules of a bundle by kind and name, with all that may change of them.
tl::expected<std::map<std::string, std::string>, std::string> rules_of(const UnverifiedBundle& bundle) {
    RuleSource source;
    std::vector<std::string> errors;
    for (const SourceFile& file : bundle.files) read_rule_text(file.content, file.name, source, errors);
    if (!errors.empty()) return tl::unexpected(errors.front());
    std::map<std::string, std::string> rules;
    for (const SourceRule& rule : source.rules) {
        const SourceCategory& category = source.categories[rule.category];
        rules[fmt::format("{} {}", kind_name(rule.kind), rule.name)] =
            fmt::format("{} ({}){}", category.name, category.default_on ? "on" : "off",
                        rule.kind == RuleKind::regex ? " " + rule.expression : "");
    }
    return rules;
}

Json difference(const std::map<std::string, std::string>& before, const std::map<std::string, std::string>& after) {
    Json rows = Json::array();
    for (const auto& [rule, what] : before) {
        const auto now = after.find(rule);
        if (now == after.end()) rows.push_back({{"change", "removed"}, {"rule", rule}, {"before", what}});
        if (now != after.end() && now->second != what)
            rows.push_back({{"change", "changed"}, {"rule", rule}, {"before", what}, {"after", now->second}});
    }
    for (const auto& [rule, what] : after)
        if (before.count(rule) == 0) rows.push_back({{"change", "added"}, {"rule", rule}, {"after", what}});
    return rows;
}

void print_difference(const Json& rows) {
    for (const Json& row : rows) {
        const std::string change = at(row, "change").text();
        const auto text = [&row](const char* name) { return row.contains(name) ? text_of(at(row, name)) : ""; };
        const char sign = change == "added" ? '+' : change == "removed" ? '-' : '~';
        fmt::print("{} {}: {}{}{}\n", sign, text("rule"), text("before"), change == "changed" ? " → " : "",
                   text("after"));
    }
}

Json header_rows(const UnverifiedBundle& before, const UnverifiedBundle& after) {
    Json rows = Json::array();
    const Json old_header = header_of(before.content), new_header = header_of(after.content);
    for (const auto& [key, value] : old_header.members()) {
        if (at(new_header, key) == value) continue;
        rows.push_back(
            {{"change", "changed"}, {"rule", key}, {"before", value.dump()}, {"after", at(new_header, key).dump()}});
    }
    return rows;
}

int diff(const Options& options) {
    const auto before = open_unverified(options.file);
    if (!before) return fail_with(options, before.error());
    const auto after = open_unverified(options.other);
    if (!after) return fail_command(options.other, after.error());
    const auto old_rules = rules_of(*before);
    const auto new_rules = rules_of(*after);
    if (!old_rules || !new_rules) return fail_command(!old_rules ? old_rules.error() : new_rules.error());
    const Json header = header_rows(*before, *after), rules = difference(*old_rules, *new_rules);
    if (options.json) return print_json({{"header", header}, {"rules", rules}}), kExitOk;
    print_difference(header);
    print_difference(rules);
    fmt::print("{} rules before, {} after, {} differences\n", old_rules->size(), new_rules->size(), rules.size());
    return kExitOk;
}

void add_json(const Command& command, Options& options) { add_format_option(command, options.json); }

void add_file(const Command& command, Options& options) {
    command.add_option("BUNDLE", options.file, "A bundle").required().takes(" ");
}

void add_pins(const Command& command, Options& options) {
    command.add_option("--pin", options.trial.pinned_names, "A name that must pass; may be repeated")
        .takes("NAME")
        .repeated();
}

}  // namespace

void add_bundle_look_commands(const Command& group) {
    const auto options = std::make_shared<Options>();
    Command command = group.add_command("verify", "Make every check that a box makes", verify, options);
    add_file(command, *options);
    command.add_option("--keys", options->key_sets, "The first key set that is trusted, and its successors in order")
        .required()
        .takes("FILE")
        .repeated();
    command.add_option("--board", options->expected.board, "The box's board; by default any").takes("NAME");
    command.add_option("--installed", options->installed, "The sequence that the bundle has to exceed").takes("NUMBER");
    command.add_option("--floor", options->expected.floor, "The box's floor").takes("NUMBER");
    command.add_option("--now", options->now, "The time to judge by; by default the clock's").takes("TIME");
    command.add_flag("--accept-clock", options->expected.accept_clock, "Go on when the clock was not set");
    add_pins(command, *options);
    add_json(command, *options);

    command =
        group.add_command("test", "Compile the rules and run the self-tests; signatures do not matter", test, options);
    add_file(command, *options);
    add_pins(command, *options);
    add_json(command, *options);

    command = group.add_command("show", "Show what a bundle says, without verifying it", show, options);
    add_file(command, *options);
    add_json(command, *options);

    command = group.add_command("diff", "Show which rules two bundles do not share", diff, options);
    command.add_option("OLD", options->file, "A bundle").required().takes(" ");
    command.add_option("NEW", options->other, "Another bundle").required().takes(" ");
    add_json(command, *options);
}

}  // namespace sluis
