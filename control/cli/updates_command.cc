// sluisctl updates: how pulling rules from mirrors goes, looking now, and installing what waits.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/api_job.h"

namespace sluis {
namespace {

void print_mirror(std::size_t index, const Json& mirror) {
    fmt::print("mirror {:<13} {}\n", index, text_of(at(mirror, "url")));
    fmt::print("  {:<18} sequence {}, issued {}; asked {}, right {}\n", "note", text_of(at(mirror, "sequence")),
               time_text(at(mirror, "issued")), time_text(at(mirror, "asked")), time_text(at(mirror, "fresh")));
    if (at(mirror, "cause") == "none") return;
    fmt::print("  {:<18} {}: {}; {} failures, not before {}\n", "failure", text_of(at(mirror, "cause")),
               text_of(at(mirror, "message")), text_of(at(mirror, "failures")), time_text(at(mirror, "retry_at")));
}

void print_updates(const Json& updates) {
    for (const auto& [name, value] : updates.members()) {
        if (value.is_array()) continue;
        const bool is_time = name == "checked" || name == "fresh" || name == "next_check";
        fmt::print("{:<20} {}\n", name, is_time ? time_text(value) : text_of(value));
    }
    std::size_t index = 0;
    for (const Json& mirror : at(updates, "mirrors")) print_mirror(index++, mirror);
    for (const Json& bundle : at(updates, "refused"))
        fmt::print("refused              sequence {}, {} {}: {}\n", text_of(at(bundle, "sequence")),
                   text_of(at(bundle, "code")), text_of(at(bundle, "name")), text_of(at(bundle, "message")));
    for (const Json& alarm : at(updates, "alarms"))
        fmt::print("ALARM {}: {}\n", text_of(at(alarm, "name")), text_of(at(alarm, "message")));
}

int show(const ApiOptions& options) {
    const auto updates = ask_for_json(options, {"GET", "/v1/updates", "", "", false});
    if (!updates) return updates.error();
    if (!print_as_json(options, *updates)) print_updates(*updates);
    return kExitOk;
}

int act(const ApiOptions& options, const char* path) {
    return order_job(options, path, {{"sequence", options.sequence}, {"comment", options.comment}});
}

int check(const ApiOptions& options) { return act(options, "/v1/updates/check"); }
int install(const ApiOptions& options) { return act(options, "/v1/updates/install"); }

}  // namespace

void add_updates_commands(const Command& app) {
    Command group = app.add_group("updates", "Show and order what a box pulls from its mirrors");
    const auto options = std::make_shared<ApiOptions>();
    add_api_command(group, "status", "Show how pulling goes, mirror by mirror", show, options);
    add_api_command(group, "check", "Ask the mirrors now", check, options);
    Command command =
        add_api_command(group, "install", "Install the bundle that waits, on probation", install, options);
    command.add_option("--sequence", options->sequence, "Only while this is the newest bundle").takes("N");
    add_comment_option(command, *options);
}

}  // namespace sluis
