// sluisctl policy status and install, and sluisctl explain: the policy of a box, through sluis-control.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "control/bundle/store_files.h"
#include "control/cli/api_command.h"
#include "control/cli/api_job.h"
#include "control/cli/standard_error.h"
#include "control/policy/policy_source.h"

namespace sluis {
namespace {

/// What only these commands ask for.
struct Options : ApiOptions {
    std::string name, client, mac, pair, at;
    std::vector<std::uint16_t> vlans;
};

void print_zone(const Json& zone) {
    bool any = false;
    for (const Json& each : at(zone, "categories")) {
        if (at(each, "state") == "none") continue;
        any = true;
        fmt::print("{:<20} {:<22} {:<8} {}\n", text_of(at(zone, "name")), text_of(at(each, "category")),
                   text_of(at(each, "mode")), text_of(at(each, "why")));
    }
    if (!any) fmt::print("{:<20} {:<22} {:<8} {}\n", text_of(at(zone, "name")), "all", "off", "no rule");
}

void print_policy(const Json& policy) {
    if (at(policy, "origin") == "none") {
        fmt::print("no policy: [policy] of the configuration holds for everybody\n");
    } else if (at(policy, "origin") == "starting") {
        fmt::print("not known yet: sluis-control has just started, and makes the rules that {} needs\n",
                   text_of(at(policy, "file")));
    } else {
        fmt::print("{:<12} {} ({})\n", "policy", text_of(at(policy, "file")), text_of(at(policy, "origin")));
        fmt::print("{:<12} {}\n", "sha256", text_of(at(policy, "sha256")));
        fmt::print("{:<12} {}{}\n", "time", time_text(at(policy, "time")),
                   at(policy, "clock_held") == true ? ", held" : "");
        fmt::print("{:<12} {}\n\n", "next change", time_text(at(policy, "next_change")));
        for (const Json& zone : at(policy, "zones")) print_zone(zone);
        for (const Json& allowed : at(policy, "allowed"))
            fmt::print("allowed: {} until {} ({}; {})\n", text_of(at(allowed, "name")), time_text(at(allowed, "until")),
                       text_of(at(allowed, "owner")), text_of(at(allowed, "reason")));
    }
    for (const Json& alarm : at(policy, "alarms"))
        fmt::print("ALARM {}: {}\n", text_of(at(alarm, "name")), text_of(at(alarm, "message")));
}

int show(const Options& options) {
    const auto policy = ask_for_json(options, {"GET", "/v1/policy", "", "", false});
    if (!policy) return policy.error();
    if (!print_as_json(options, *policy)) print_policy(*policy);
    return kExitOk;
}

int install(const Options& options) {
    auto file = read_whole_file(options.file, kPolicyFileLimit);
    if (!file) return fail_command(options.file, file.error());
    std::string path = fmt::format("/v1/policy?dry_run={:d}", options.dry_run);
    if (!options.comment.empty()) path += "&comment=" + percent_encoded(options.comment);
    const auto job = ask_for_json(options, {"POST", path, std::move(*file), "application/toml", true});
    return job ? follow_job(options, *job) : job.error();
}

void print_explanation(const Json& answer) {
    fmt::print("{}: {}\n", text_of(at(answer, "name")), text_of(at(answer, "verdict")));
    if (at(answer, "zone") != "") {
        std::string by;
        for (const Json& each : at(answer, "by")) by += (by.empty() ? "" : ", ") + text_of(each);
        fmt::print("  zone {}: {}\n", text_of(at(answer, "zone")), by);
    }
    if (const Json& allowed = at(answer, "allowed"); allowed.is_object())
        fmt::print("  allowed until {}: {} ({})\n", time_text(at(allowed, "until")), text_of(at(allowed, "reason")),
                   text_of(at(allowed, "owner")));
    if (at(answer, "rules").empty()) fmt::print("  no rule matches\n");
    for (const Json& rule : at(answer, "rules")) {
        const std::string mode =
            at(rule, "mode") == "" ? at(rule, "enforced") == true ? "enforce" : "off" : text_of(at(rule, "mode"));
        fmt::print("  {} {}, category {}: {}{}\n", text_of(at(rule, "kind")), text_of(at(rule, "rule")),
                   text_of(at(rule, "category")), mode, at(rule, "why") == "" ? "" : ", " + text_of(at(rule, "why")));
        if (at(rule, "comment") != "") fmt::print("    {}\n", text_of(at(rule, "comment")));
    }
}

int explain(const Options& options) {
    std::string path = "/v1/explain?name=" + percent_encoded(options.name);
    for (const auto& [key, value] :
         {std::pair("client", &options.client), {"mac", &options.mac}, {"pair", &options.pair}, {"at", &options.at}})
        if (!value->empty()) path += fmt::format("&{}={}", key, percent_encoded(*value));
    for (std::size_t i = 0; i < options.vlans.size(); ++i)
        path += (i == 0 ? "&vlan=" : ",") + std::to_string(options.vlans[i]);
    const auto answer = ask_for_json(options, {"GET", path, "", "", false});
    if (!answer) return answer.error();
    if (!print_as_json(options, *answer)) print_explanation(*answer);
    return kExitOk;
}

Command add(const Command& group, const char* name, const char* help, int (*run)(const Options&),
            const std::shared_ptr<Options>& options) {
    Command command = group.add_command(name, help, run, options);
    add_api_options(command, *options);
    return command;
}

}  // namespace

void add_policy_api_commands(const Command& app) {
    Command group = app.find("policy");
    const auto options = std::make_shared<Options>();
    add(group, "status", "Show a box's policy, as sluis-control has it in force", show, options);
    Command command = add(group, "install", "Check a policy, and bring it into force on a box", install, options);
    command.add_option("FILE", options->file, "The policy").required().takes(" ");
    command.add_flag("--dry-run", options->dry_run, "Say what would change, and change nothing");
    add_comment_option(command, *options);
    command = add(app, "explain", "Say what becomes of a name on a box, and why", explain, options);
    command.add_option("NAME", options->name, "A host name or an address").required().takes(" ");
    command.add_option("--client", options->client, "The client's address; needed where there are zones")
        .takes("ADDRESS");
    command.add_option("--mac", options->mac, "The client's MAC address").takes("MAC");
    command.add_option("--vlan", options->vlans, "The VLAN; of two, the outermost first; untagged by default")
        .takes("ID...")
        .expected(1, 2)
        .between(0, 4094);
    command.add_option("--pair", options->pair, "The pair of ports").takes("PAIR");
    command.add_option("--at", options->at, "The moment, as for sluisctl policy explain; now by default").takes("TIME");
}

}  // namespace sluis
