// sluisctl config: the configuration of a box, through sluis-control.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "control/bundle/store_files.h"
#include "control/cli/api_job.h"
#include "control/cli/standard_error.h"

namespace sluis {
namespace {

constexpr std::size_t kConfigLimit = std::size_t{1} << 20;  ///< bytes, as sluis-control takes

struct Options {
    ApiOptions api;
    std::string if_match;
    std::uint32_t confirm_timeout = 0;
};

int show(const Options& options) {
    const auto config = ask_for_json(options.api, {"GET", "/v1/config", "", "", false});
    if (!config) return config.error();
    if (print_as_json(options.api, *config)) return kExitOk;
    const Json& change = at(*config, "change");
    const Json& text = at(*config, "toml");
    if (text.is_string()) fmt::print("{}", text.text());
    if (change.is_object())
        fmt::print(stderr, "sluisctl: a change by {} is {}, to be confirmed until {}\n", text_of(at(change, "who")),
                   text_of(at(change, "stage")), time_text(at(change, "confirm_until")));
    return kExitOk;
}

void print_plan(const Json& plan) {
    for (const Json& change : at(plan, "changes"))
        fmt::print("{}: {} instead of {} ({}, {})\n", text_of(at(change, "key")), text_of(at(change, "after")),
                   text_of(at(change, "before")), text_of(at(change, "process")), text_of(at(change, "taken_up")));
    if (at(plan, "changes").empty()) fmt::print("no key changes\n");
    if (at(plan, "dataplane_restart") == true) fmt::print("sluis-dataplane has to start again\n");
    if (at(plan, "control_restart") == true) fmt::print("sluis-control has to start again\n");
    fmt::print("{}\n", at(plan, "frames_lost") == true ? "frames are lost meanwhile" : "no frame is lost");
    for (const Json& note : at(plan, "notes")) fmt::print("but {}\n", text_of(note));
}

/// The ETag of what is there: what somebody changes between this and the next request is not overwritten.
tl::expected<std::string, int> current_etag(const Options& options) {
    const auto config = ask_for_json(options.api, {"GET", "/v1/config", "", "", false});
    if (!config) return tl::unexpected(config.error());
    return "\"" + text_of(at(*config, "sha256")).substr(0, 32) + "\"";
}

int put(const Options& options) {
    auto text = read_whole_file(options.api.file, kConfigLimit);
    if (!text) return fail_command(options.api.file, text.error());
    const auto etag = options.if_match.empty() ? current_etag(options) : options.if_match;
    if (!etag) return etag.error();
    std::string path = fmt::format("/v1/config?dry_run={:d}", options.api.dry_run);
    if (options.confirm_timeout != 0) path += fmt::format("&confirm_timeout={}", options.confirm_timeout);
    if (!options.api.comment.empty()) path += "&comment=" + percent_encoded(options.api.comment);
    ApiRequest request{"PUT", path, std::move(*text), "application/toml", true};
    request.if_match = *etag;
    const auto answer = ask_for_json(options.api, request);
    if (!answer) return answer.error();
    if (!options.api.dry_run) return follow_job(options.api, *answer);
    if (!print_as_json(options.api, *answer)) print_plan(*answer);
    return kExitOk;
}

int act(const Options& options, const char* path) {
    return order_job(options.api, path, {{"comment", options.api.comment}});
}

int confirm(const Options& options) { return act(options, "/v1/config/confirm"); }
int undo(const Options& options) { return act(options, "/v1/config/undo"); }

Command add(const Command& group, const char* name, const char* help, int (*run)(const Options&),
            const std::shared_ptr<Options>& options) {
    Command command = group.add_command(name, help, run, options);
    add_api_options(command, options->api);
    return command;
}

}  // namespace

void add_config_commands(const Command& app) {
    Command group = app.add_group("config", "Show and change a box's configuration through sluis-control");
    const auto options = std::make_shared<Options>();
    add(group, "show", "Print the configuration file", show, options);
    Command command = add(group, "put", "Replace the configuration file, and have it taken up", put, options);
    command.add_option("FILE", options->api.file, "The next configuration").required().takes(" ");
    command.add_flag("--dry-run", options->api.dry_run, "Say what would change, and change nothing");
    command
        .add_option("--confirm-timeout", options->confirm_timeout,
                    "Undo it unless sluisctl config confirm comes in so many seconds")
        .between(1u, 86400u)
        .takes("SECONDS");
    command.add_option("--if-match", options->if_match, "Only while the file is that of this ETag").takes("ETAG");
    add_comment_option(command, options->api);
    add_comment_option(add(group, "confirm", "Keep the change that waits for it", confirm, options), options->api);
    command = add(group, "undo", "Go back to the configuration before the last change", undo, options);
    add_comment_option(command, options->api);
}

}  // namespace sluis
