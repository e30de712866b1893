// sluisctl updates: how pulling rules from mirrors goes, looking now, and installing what waits.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/api_job.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

void print_mirror(std::size_t index, const json& mirror) {
    fmt::print("mirror {:<13} {}\n", index, text_of(at(mirror, "url")));
    fmt::print("  {:<18} sequence {}, issued {}; asked {}, right {}\n", "note", text_of(at(mirror, "sequence")),
               time_text(at(mirror, "issued")), time_text(at(mirror, "asked")), time_text(at(mirror, "fresh")));
    if (at(mirror, "cause") == "none") return;
    fmt::print("  {:<18} {}: {}; {} failures, not before {}\n", "failure", text_of(at(mirror, "cause")),
               text_of(at(mirror, "message")), text_of(at(mirror, "failures")), time_text(at(mirror, "retry_at")));
}

void print_updates(const json& updates) {
    for (const auto& [name, value] : updates.items()) {
        if (value.is_array()) continue;
        const bool is_time = name == "checked" || name == "fresh" || name == "next_check";
        fmt::print("{:<20} {}\n", name, is_time ? time_text(value) : text_of(value));
    }
    std::size_t index = 0;
    for (const json& mirror : at(updates, "mirrors")) print_mirror(index++, mirror);
    for (const json& bundle : at(updates, "refused"))
        fmt::print("refused              sequence {}, {} {}: {}\n", text_of(at(bundle, "sequence")),
                   text_of(at(bundle, "code")), text_of(at(bundle, "name")), text_of(at(bundle, "message")));
    for (const json& alarm : at(updates, "alarms"))
        fmt::print("ALARM {}: {}\n", text_of(at(alarm, "name")), text_of(at(alarm, "message")));
}

int show(const ApiOptions& options) {
    const auto updates = ask_for_json(options, {"GET", "/v1/updates", "", "", false});
    if (!updates) return updates.error();
    if (!print_as_json(options, *updates)) print_updates(*updates);
    return kExitOk;
}

int act(const ApiOptions& options, const char* path) {
    const json action{{"sequence", options.sequence}, {"comment", options.comment}};
    const std::string body = action.dump(-1, ' ', false, json::error_handler_t::replace);
    const auto job = ask_for_json(options, {"POST", path, body, "application/json", true});
    return job ? follow_job(options, *job) : job.error();
}

int check(const ApiOptions& options) { return act(options, "/v1/updates/check"); }
int install(const ApiOptions& options) { return act(options, "/v1/updates/install"); }

CLI::App* add(CLI::App& group, const char* name, const char* help, int (*run)(const ApiOptions&),
              const std::shared_ptr<ApiOptions>& options, int& status) {
    CLI::App* command = group.add_subcommand(name, help);
    add_api_options(*command, *options);
    command->callback([run, options, &status] { status = run(*options); });
    return command;
}

}  // namespace

void add_updates_commands(CLI::App& app, int& status) {
    CLI::App* group = app.add_subcommand("updates", "Show and order what a box pulls from its mirrors");
    group->require_subcommand(1);
    const auto options = std::make_shared<ApiOptions>();
    add(*group, "status", "Show how pulling goes, mirror by mirror", show, options, status);
    add(*group, "check", "Ask the mirrors now", check, options, status);
    CLI::App* command = add(*group, "install", "Install the bundle that waits, on probation", install, options, status);
    command->add_option("--sequence", options->sequence, "Only while this is the newest bundle")->option_text("N");
    command->add_option("--comment", options->comment, "For the audit record")->option_text("TEXT");
}

}  // namespace sluis
