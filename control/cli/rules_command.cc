// sluisctl rules: compile, check, explain, stats.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "control/bundle/bundle_files.h"
#include "control/cli/bundle_source.h"
#include "control/cli/command_options.h"
#include "control/cli/commands.h"
#include "control/cli/json.h"
#include "control/cli/named_rules.h"
#include "control/cli/standard_error.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {
namespace {

constexpr const char* kCompiledPath = "/var/lib/sluis/rules/compiled";

/// What the options say.
struct Options {
    Lines sources;
    Lines names;
    std::string output = kCompiledPath;
    std::string rules;
    bool json = false;
};

int fail(const Lines& lines) {
    for (const std::string& line : lines) fail_command(line);
    return kExitFailed;
}

int compile(const Options& options) {
    const auto rules = build_rules(read_rules(options.sources));
    if (!rules) return fail(rules.error());
    std::error_code failed;  // the write itself says what is wrong
    if (options.output == kCompiledPath)
        std::filesystem::create_directories(std::filesystem::path(kCompiledPath).parent_path(), failed);
    if (const auto written = write_file_atomically(options.output, rules->compiled); !written) {
        return fail({written.error()});
    }
    fmt::print("{}: {} rules, {} bytes, digest {}\n", options.output, rules->set->size(), rules->compiled_size,
               rules->set->digest());
    return kExitOk;
}

int check(const Options& options) {
    const bool bundle = options.sources.size() == 1 && is_bundle(options.sources[0]);
    const auto rules = build_rules(bundle ? read_bundle_source(options.sources[0]) : read_rules(options.sources));
    if (!rules) return fail(rules.error());
    fmt::print("{} rules in {} categories are right\n", rules->set->size(), rules->set->categories().size());
    return kExitOk;
}

Json to_json(const Explanation& explanation, const std::string& written) {
    Json rules = Json::array();
    for (const ExplainedRule& rule : explanation.rules) {
        rules.push_back({{"rule", rule.name},
                         {"kind", kind_name(rule.kind)},
                         {"category", rule.category},
                         {"default", rule.default_on ? "on" : "off"},
                         {"comment", rule.comment},
                         {"source", rule.source},
                         {"location", rule.location}});
    }
    return {{"written", written},
            {"name", explanation.name},
            {"verdict", explanation.blocked_by_default() ? "block" : "allow"},
            {"rules", std::move(rules)}};
}

void print_explanation(const Explanation& explanation) {
    fmt::print("{}: {} by default\n", explanation.name.empty() ? "(no name)" : explanation.name,
               explanation.blocked_by_default() ? "block" : "allow");
    if (explanation.rules.empty()) fmt::print("  no rule matches\n");
    for (const ExplainedRule& rule : explanation.rules) {
        fmt::print("  {} {}, category {} ({})\n", kind_name(rule.kind), rule.name, rule.category,
                   rule.default_on ? "on" : "off");
        if (!rule.comment.empty()) fmt::print("    why:    {}\n", rule.comment);
        if (!rule.source.empty()) fmt::print("    source: {}\n", rule.source);
        if (!rule.location.empty()) fmt::print("    rule:   {}\n", rule.location);
    }
}

/// Why no host can be called so (RFC 1035 section 2.3.4); empty: it can, or it is an address.
std::string why_no_name(std::string_view name) {
    constexpr std::size_t kLongestName = 253, kLongestLabel = 63;  // bytes
    if (name.front() == '[' || name.find(':') != std::string_view::npos) return {};
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty()) return "it has no label";
    if (name.size() > kLongestName) return "it has more than " + std::to_string(kLongestName) + " bytes";
    while (true) {
        const std::string_view label = name.substr(0, name.find('.'));
        if (label.empty()) return "it has an empty label, between two dots or before the first";
        if (label.size() > kLongestLabel)
            return "it has a label of more than " + std::to_string(kLongestLabel) + " bytes";
        if (label.size() == name.size()) return {};
        name.remove_prefix(label.size() + 1);
    }
}

int explain(const Options& options) {
    const auto rules = open_named_rules(options.rules);
    if (!rules) return fail(rules.error());
    Json all = Json::array();
    int status = kExitOk;
    for (const std::string& given : options.names) {
        const std::string name = host_of(given);
        if (name.empty()) {
            status = fail({"\"" + given + "\" holds no host name"});
            continue;
        }
        if (const std::string wrong = why_no_name(name); !wrong.empty()) {
            status = fail({"\"" + given + "\" is no host name: " + wrong});
            continue;
        }
        const auto explanation = explain_name(*rules->set, rules->has_source ? &rules->source : nullptr, name);
        if (!explanation) return fail({explanation.error()});
        if (!options.json) print_explanation(*explanation);
        all.push_back(to_json(*explanation, given));
    }
    // A name from the command line may hold bytes that are no UTF-8.
    if (options.json) print_json(all);
    return status;
}

/// Number of rules by kind.
using KindCounts = std::array<std::uint32_t, kRuleKinds>;

std::vector<KindCounts> count_rules(const RuleSet& set) {
    std::vector<KindCounts> counts(set.categories().size());
    for (std::uint32_t id = 0; id < set.size(); ++id) {
        const Rule rule = set.rule(id);
        ++counts[rule.category][static_cast<std::size_t>(rule.kind)];
    }
    return counts;
}

Json stats_json(const NamedRules& rules) {
    Json categories = Json::array();
    const auto counts = count_rules(*rules.set);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const Category& category = rules.set->categories()[i];
        categories.push_back({{"category", category.name},
                              {"default", category.default_on ? "on" : "off"},
                              {"suffix", counts[i][0]},
                              {"exact", counts[i][1]},
                              {"regex", counts[i][2]},
                              {"prefix", counts[i][3]}});
    }
    Json stats{{"rules", rules.set->size()}, {"compiled_bytes", rules.compiled_size}, {"digest", rules.set->digest()}};
    if (rules.has_source) stats["compile_milliseconds"] = rules.compile_time.count();
    stats["categories"] = std::move(categories);
    return stats;
}

void print_stats(const NamedRules& rules) {
    fmt::print("{:<26} {:>7} {:>7} {:>7} {:>7} {:>7}\n", "category", "default", "suffix", "exact", "regex", "prefix");
    const auto counts = count_rules(*rules.set);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const Category& category = rules.set->categories()[i];
        fmt::print("{:<26} {:>7} {:>7} {:>7} {:>7} {:>7}\n", category.name, category.default_on ? "on" : "off",
                   counts[i][0], counts[i][1], counts[i][2], counts[i][3]);
    }
    fmt::print("\n{} rules, {} bytes compiled", rules.set->size(), rules.compiled_size);
    if (rules.has_source) fmt::print(" in {} ms", rules.compile_time.count());
    fmt::print("\ndigest {}\n", rules.set->digest());
}

int stats(const Options& options) {
    const auto rules = open_named_rules(options.rules);
    if (!rules) return fail(rules.error());
    if (options.json) {
        print_json(stats_json(*rules));
    } else {
        print_stats(*rules);
    }
    return kExitOk;
}

void add_sources(const Command& command, Options& options) {
    command
        .add_option("SOURCE", options.sources, "Rule files (*.toml) or directories of them; the shipped set by default")
        .takes("...");
}

void add_rules_and_format(const Command& command, Options& options) {
    add_rules_option(command, options.rules);
    add_format_option(command, options.json);
}

}  // namespace

void add_rules_commands(const Command& app) {
    Command group = app.add_group("rules", "Compile, check and explain the pattern set");
    const auto options = std::make_shared<Options>();
    Command command = group.add_command("compile", "Compile rules for this box", compile, options);
    add_sources(command, *options);
    command.add_option("-o,--output", options->output, "The compiled set to write")
        .takes(std::string("FILE [") + kCompiledPath + "]");
    add_sources(group.add_command("check", "Say what is wrong with rules, and write nothing", check, options),
                *options);
    command = group.add_command("explain", "Say which rules match a name, and why they are there", explain, options);
    command.add_option("NAME", options->names, "Host names, addresses or URLs").takes("...").required();
    add_rules_and_format(command, *options);
    add_rules_and_format(group.add_command("stats", "Count the rules by category", stats, options), *options);
}

}  // namespace sluis
