// sluisctl policy: check, show, explain, devices check.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control/bundle/bundle_clock.h"
#include "control/cli/command_options.h"
#include "control/cli/commands.h"
#include "control/cli/json.h"
#include "control/cli/named_rules.h"
#include "control/cli/standard_error.h"
#include "control/policy/device_list.h"
#include "control/policy/policy_explanation.h"
#include "control/policy/policy_phase.h"
#include "control/policy/policy_source.h"

namespace sluis {
namespace {

constexpr const char* kPolicyPath = "/etc/sluis/policy.toml";

/// What the options say.
struct Options {
    std::string file = kPolicyPath;
    std::string devices;
    std::string rules;
    std::string at;
    PolicyQuestion question;
    bool json = false;
};

int fail(const Lines& lines) {
    for (const std::string& line : lines) fail_command(line);
    return kExitFailed;
}

void print_warnings(const Lines& warnings) {
    for (const std::string& warning : warnings) fail_command("warning: " + warning);
}

/// A policy with the rules that it is about.
struct OpenPolicy {
    Policy policy;
    NamedRules rules;
};

tl::expected<OpenPolicy, Lines> open(const Options& options) {
    auto policy = read_policy(options.file);
    if (!policy) return tl::unexpected(policy.error());
    auto rules = open_named_rules(options.rules);
    if (!rules) return tl::unexpected(rules.error());
    if (auto unknown = unknown_categories(*policy, rules->set->categories()); !unknown.empty())
        return tl::unexpected(std::move(unknown));
    return OpenPolicy{std::move(*policy), std::move(*rules)};
}

tl::expected<std::int64_t, std::string> asked_time(const Options& options, const Policy& policy) {
    if (options.at.empty()) return system_time();
    return read_moment(options.at, policy.time_zone ? &*policy.time_zone : nullptr);
}

std::string count_text(std::size_t count, const char* thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

int check(const Options& options) {
    const auto opened = open(options);
    if (!opened) return fail(opened.error());
    const Policy& policy = opened->policy;
    print_warnings(policy.warnings);
    const auto categories = opened->rules.set->categories();
    const PolicyPhase phase = phase_at(policy, categories, system_time());
    // What the table cannot hold shows only when it is made.
    if (const auto table = make_zone_table(zone_plan(policy, phase, categories, opened->rules.set->digest(), 0));
        !table)
        return fail({policy.file + ": " + table.error()});
    std::size_t rules = 0, devices = 0;
    for (const PolicyZone& zone : policy.zones) rules += zone.rules.size(), devices += zone.devices.devices.size();
    fmt::print("{}: {}, {}, {} and {} are right\n", options.file, count_text(policy.zones.size(), "zone"),
               count_text(rules, "rule"), count_text(devices, "device"),
               count_text(policy.allowed.size(), "allowed name"));
    for (const PolicyAlarm& alarm : phase.alarms) fmt::print("alarm: {}\n", alarm.description);
    return kExitOk;
}

Json moment_json(const Policy& policy, std::optional<std::int64_t> time) {
    return time ? Json(policy.show(*time)) : Json(nullptr);
}

Json phase_json(const Policy& policy, std::size_t zone, const CategoryPhase& phase) {
    Json value{{"mode", kZoneModeNames[static_cast<std::size_t>(phase.mode)]}, {"state", state_name(phase.state)}};
    if (phase.state != RuleState::none) {
        const ZoneRule& rule = policy.zones[zone].rules[phase.rule];
        value["line"] = rule.line;
        value["from"] = moment_json(policy, rule.from);
        value["review_by"] = moment_json(policy, rule.review_by);
        value["until"] = moment_json(policy, rule.until);
        value["review_overdue"] = phase.review_overdue;
    }
    value["why"] = why(policy, zone, phase);
    return value;
}

Json allowed_json(const Policy& policy, const AllowedName& allowed) {
    return {{"name", allowed.name},
            {"owner", allowed.owner},
            {"reason", allowed.reason},
            {"until", policy.show(allowed.until)},
            {"line", allowed.line}};
}

Json zone_json(const Policy& policy, std::size_t zone, const PolicyPhase& phase, std::span<const Category> categories) {
    Json all = Json::array();
    for (std::size_t i = 0; i < categories.size(); ++i) {
        Json value{{"category", categories[i].name}};
        value.update(phase_json(policy, zone, phase.zones[zone][i]));
        all.push_back(std::move(value));
    }
    const PolicyZone& each = policy.zones[zone];
    return {{"zone", each.name}, {"line", each.line}, {"language", each.language}, {"categories", std::move(all)}};
}

Json show_json(const Policy& policy, const PolicyPhase& phase, std::span<const Category> categories) {
    Json zones = Json::array(), allowed = Json::array(), alarms = Json::array();
    for (std::size_t i = 0; i < policy.zones.size(); ++i) zones.push_back(zone_json(policy, i, phase, categories));
    for (const std::size_t i : phase.allowed) allowed.push_back(allowed_json(policy, policy.allowed[i]));
    for (const PolicyAlarm& alarm : phase.alarms)
        alarms.push_back({{"zone", alarm.zone},
                          {"line", alarm.line},
                          {"since", policy.show(alarm.since)},
                          {"description", alarm.description}});
    return {{"policy", policy.file},
            {"time", policy.show(phase.time)},
            {"next_change", moment_json(policy, phase.next_change)},
            {"zones", std::move(zones)},
            {"allowed", std::move(allowed)},
            {"alarms", std::move(alarms)}};
}

void print_phase(const Policy& policy, const PolicyPhase& phase, std::span<const Category> categories) {
    fmt::print("at {}\n\n{:<20} {:<22} {:<8} {}\n", policy.show(phase.time), "zone", "category", "mode", "why");
    for (std::size_t zone = 0; zone < policy.zones.size(); ++zone) {
        bool any = false;
        for (std::size_t i = 0; i < categories.size(); ++i) {
            const CategoryPhase& each = phase.zones[zone][i];
            if (each.state == RuleState::none) continue;
            any = true;
            fmt::print("{:<20} {:<22} {:<8} {}\n", policy.zones[zone].name, categories[i].name,
                       kZoneModeNames[static_cast<std::size_t>(each.mode)], why(policy, zone, each));
        }
        if (!any) fmt::print("{:<20} {:<22} {:<8} {}\n", policy.zones[zone].name, "all", "off", "no rule");
    }
    for (const std::size_t i : phase.allowed) {
        const AllowedName& allowed = policy.allowed[i];
        fmt::print("\nallowed: {} until {} ({}; {})", allowed.name, policy.show(allowed.until), allowed.owner,
                   allowed.reason);
    }
    for (const PolicyAlarm& alarm : phase.alarms) fmt::print("\nalarm: {}", alarm.description);
    fmt::print("\nnext change: {}\n", phase.next_change ? policy.show(*phase.next_change) : "none");
}

int show(const Options& options) {
    const auto opened = open(options);
    if (!opened) return fail(opened.error());
    const auto time = asked_time(options, opened->policy);
    if (!time) return fail({time.error()});
    const auto categories = opened->rules.set->categories();
    const PolicyPhase phase = phase_at(opened->policy, categories, *time);
    if (options.json) {
        print_json(show_json(opened->policy, phase, categories));
    } else {
        print_phase(opened->policy, phase, categories);
    }
    return kExitOk;
}

Json answer_json(const Policy& policy, const PolicyAnswer& answer) {
    Json rules = Json::array();
    for (const PolicyMatch& match : answer.matches) {
        Json rule{{"rule", match.rule.name},         {"kind", kind_name(match.rule.kind)},
                  {"category", match.rule.category}, {"comment", match.rule.comment},
                  {"source", match.rule.source},     {"location", match.rule.location}};
        rule.update(phase_json(policy, answer.zone, match.phase));
        rules.push_back(std::move(rule));
    }
    const PolicyZone& zone = policy.zones[answer.zone];
    return {{"name", answer.name},
            {"verdict", answer.verdict},
            {"time", policy.show(answer.phase.time)},
            {"zone",
             {{"name", zone.name},
              {"line", zone.line},
              {"by", Json::array({answer.matchers.begin(), answer.matchers.end()})}}},
            {"allowed", answer.allowed == nullptr ? Json(nullptr) : allowed_json(policy, *answer.allowed)},
            {"rules", std::move(rules)}};
}

void print_answer(const Policy& policy, const PolicyAnswer& answer) {
    const PolicyZone& zone = policy.zones[answer.zone];
    fmt::print("{}: {} at {}\n", answer.name.empty() ? "(no name)" : answer.name, answer.verdict,
               policy.show(answer.phase.time));
    fmt::print("  zone {}{}: {}\n", zone.name, zone.line == 0 ? "" : fmt::format(", line {}", zone.line),
               fmt::join(answer.matchers, ", "));
    if (answer.allowed != nullptr)
        fmt::print("  allowed by line {}, until {}: {} ({})\n", answer.allowed->line,
                   policy.show(answer.allowed->until), answer.allowed->reason, answer.allowed->owner);
    if (answer.matches.empty()) fmt::print("  no rule matches\n");
    for (const PolicyMatch& match : answer.matches) {
        fmt::print("  {} {}, category {}\n    {}: {}\n", kind_name(match.rule.kind), match.rule.name,
                   match.rule.category, kZoneModeNames[static_cast<std::size_t>(match.phase.mode)], match.why);
        if (!match.rule.comment.empty()) fmt::print("    name:   {}\n", match.rule.comment);
        if (!match.rule.location.empty()) fmt::print("    rule:   {}\n", match.rule.location);
    }
}

int explain(const Options& options) {
    const auto opened = open(options);
    if (!opened) return fail(opened.error());
    const auto time = asked_time(options, opened->policy);
    if (!time) return fail({time.error()});
    PolicyQuestion question = options.question;
    question.time = *time;
    question.name = host_of(question.name);
    if (question.name.empty()) return fail({"\"" + options.question.name + "\" holds no host name"});
    const RuleSource* const source = opened->rules.has_source ? &opened->rules.source : nullptr;
    const auto answer = explain_policy(opened->policy, *opened->rules.set, source, question);
    if (!answer) return fail({answer.error()});
    if (options.json) {
        print_json(answer_json(opened->policy, *answer));
    } else {
        print_answer(opened->policy, *answer);
    }
    return kExitOk;
}

int check_devices(const Options& options) {
    const auto text = read_policy_file(options.devices, kDeviceFileLimit);
    if (!text) return fail({text.error()});
    const auto list = read_device_list(*text, options.devices);
    if (!list) return fail(list.error());
    print_warnings(list->warnings);
    fmt::print("{}: {} devices in {} rows, from {}: {} empty cells, {} duplicates, {} randomised\n", options.devices,
               list->devices.size(), list->rows, fmt::join(list->columns, " and "), list->empty_cells, list->duplicates,
               list->randomised);
    return kExitOk;
}

/// Of the commands that look at a moment.
void add_moment(const Command& command, Options& options) {
    command.add_option("--policy", options.file, "The policy").takes(std::string("FILE [") + kPolicyPath + "]");
    command
        .add_option("--at", options.at,
                    "The moment: 2023-03-27, 2023-03-27T08:00:00 (of the policy's time zone), with an offset, or "
                    "seconds since 1970 as @1679868000; now by default")
        .takes("TIME");
    add_rules_option(command, options.rules);
    add_format_option(command, options.json);
}

void add_client(const Command& command, PolicyQuestion& question) {
    command.add_option("--name", question.name, "A host name, an address or a URL").takes("NAME").required();
    command.add_option("--client", question.client, "The client's address").takes("ADDRESS").required();
    command.add_option("--mac", question.mac, "The client's MAC address").takes("MAC");
    command.add_option("--vlan", question.vlans, "The VLAN; of two, the outermost first; untagged by default")
        .takes("ID...")
        .expected(1, 2)
        .between(0, 4094);
    command.add_option("--pair", question.pair, "The pair of ports").takes("PAIR");
}

}  // namespace

void add_policy_commands(const Command& app) {
    Command group = app.add_group("policy", "Check and explain the policy: zones, dates, devices");
    const auto options = std::make_shared<Options>();
    Command command = group.add_command("check", "Say what is wrong with a policy, all of it", check, options);
    command.add_option("FILE", options->file, "The policy").takes(std::string("[") + kPolicyPath + "]");
    add_rules_option(command, options->rules);
    add_moment(group.add_command("show", "Show what is in force at a moment, and why", show, options), *options);
    command = group.add_command("explain", "Say what becomes of a name for a client, and why", explain, options);
    add_client(command, options->question);
    add_moment(command, *options);
    Command devices = group.add_group("devices", "Lists of devices");
    command = devices.add_command("check", "Say what is wrong with a list of devices (CSV)", check_devices, options);
    command.add_option("FILE", options->devices, "The list").required();
}

}  // namespace sluis
