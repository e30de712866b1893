// sluisctl ruleset: show, install, confirm and roll back the rules of a box, through sluis-control.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/store_files.h"
#include "control/cli/api_command.h"
#include "control/cli/api_job.h"
#include "control/cli/standard_error.h"

namespace sluis {
namespace {

std::string ended_text(const Json& probation) {
    if (!probation.is_object()) return "-";
    return fmt::format("sequence {}, {}, {}: {}", text_of(at(probation, "sequence")), time_text(at(probation, "ended")),
                       text_of(at(probation, "cause")), text_of(at(probation, "message")));
}

void print_ruleset(const Json& rules) {
    for (const auto& [name, value] : rules.members()) {
        if (name == "alarms" || name == "last_probation") continue;
        const bool is_time = name == "created" || name == "expires" || name == "pending_since" ||
                             name == "key_set_expires" || name == "probation_end";
        fmt::print("{:<20} {}\n", name, is_time ? time_text(value) : text_of(value));
    }
    fmt::print("{:<20} {}\n", "last_probation", ended_text(at(rules, "last_probation")));
    for (const Json& alarm : at(rules, "alarms"))
        fmt::print("ALARM {}: {}\n", text_of(at(alarm, "name")), text_of(at(alarm, "message")));
}

int show(const ApiOptions& options) {
    const auto rules = ask_for_json(options, {"GET", "/v1/ruleset", "", "", false});
    if (!rules) return rules.error();
    if (!print_as_json(options, *rules)) print_ruleset(*rules);
    return kExitOk;
}

int install(const ApiOptions& options) {
    auto file = read_whole_file(options.file, kEnvelopeLimit);
    if (!file) return fail_command(options.file, file.error());
    std::string path = fmt::format("/v1/ruleset?dry_run={:d}&probation={}", options.dry_run, options.probation);
    if (!options.comment.empty()) path += "&comment=" + percent_encoded(options.comment);
    const auto job = ask_for_json(options, {"POST", path, std::move(*file), "application/octet-stream", true});
    return job ? follow_job(options, *job) : job.error();
}

int act(const ApiOptions& options, const char* path) {
    return order_job(options, path, {{"sequence", options.sequence}, {"comment", options.comment}});
}

int confirm(const ApiOptions& options) { return act(options, "/v1/ruleset/confirm"); }
int roll_back(const ApiOptions& options) { return act(options, "/v1/ruleset/rollback"); }

}  // namespace

void add_ruleset_commands(const Command& app) {
    Command group = app.add_group("ruleset", "Show and change a box's rules through sluis-control");
    const auto options = std::make_shared<ApiOptions>();
    add_api_command(group, "show", "Show which rules are in force", show, options);
    Command command = add_api_command(group, "install", "Install a signed bundle, on probation", install, options);
    command.add_option("BUNDLE", options->file, "A signed bundle").required().takes(" ");
    command.add_flag("--dry-run", options->dry_run, "Make all checks, and install nothing");
    command
        .add_option("--probation", options->probation,
                    "Roll it back when it is not confirmed in so many seconds; 0: when somebody does")
        .between(std::uint32_t{0}, kProbationLimit)
        .takes(fmt::format("SECONDS [{}]", kProbationDefault));
    add_comment_option(command, *options);
    const std::string help = "Only while this is the current bundle";
    command = add_api_command(group, "confirm", "End the probation of the current bundle", confirm, options);
    command.add_option("--sequence", options->sequence, help).takes("N");
    add_comment_option(command, *options);
    command =
        add_api_command(group, "rollback", "Go back to the previous bundle, or the factory's", roll_back, options);
    command.add_option("--sequence", options->sequence, help).takes("N");
    add_comment_option(command, *options);
}

}  // namespace sluis
