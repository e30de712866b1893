#include "control/cli/api_command.h"

#include <fmt/format.h>

#include "control/bundle/bundle_clock.h"
#include "control/cli/command_options.h"
#include "control/cli/standard_error.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

/// What is missing of a remote target; empty: nothing is.
std::string missing_option(const ApiTarget& target) {
    const bool is_remote = !target.server.empty();
    for (const auto& [option, value] :
         {std::pair("--cert", &target.certificate), std::pair("--key", &target.key), std::pair("--ca", &target.ca)}) {
        if (is_remote && value->empty()) return std::string(option) + " is missing: --server needs it";
        if (!is_remote && !value->empty()) return std::string(option) + " is for a --server";
    }
    return {};
}

/// An answer that is no success, on one line. The exit status.
int fail_answer(int status, const Json& problem) {
    const std::string field = problem.contains("field") ? text_of(at(problem, "field")) + ": " : "";
    fail_command(
        fmt::format("{} {}: {}{}", status, text_of(at(problem, "title")), field, text_of(at(problem, "detail"))));
    return status < 500 ? kExitRefused : kExitFailed;
}

}  // namespace

void add_api_options(const Command& command, ApiOptions& options) {
    add_target_options(command, options.target);
    add_format_option(command, options.json);
}

tl::expected<std::string, int> ask_for_text(const ApiOptions& options, const ApiRequest& request) {
    const auto fail = [](int status, const std::string& line) {
        fail_command(line);
        return tl::unexpected(status);
    };
    if (const std::string missing = missing_option(options.target); !missing.empty()) return fail(kExitUsage, missing);
    auto answer = ask_api(options.target, request);
    if (!answer) return fail(kExitUnreachable, answer.error());
    if (answer->status < 300) return std::move(answer->body);
    const Json problem = Json::parse(answer->body);
    if (!problem.is_object()) return fail(kExitFailed, "sluis-control's answer is no JSON object");
    return tl::unexpected(fail_answer(answer->status, problem));
}

tl::expected<Json, int> ask_for_json(const ApiOptions& options, const ApiRequest& request) {
    const auto text = ask_for_text(options, request);
    if (!text) return tl::unexpected(text.error());
    Json parsed = Json::parse(*text);
    if (parsed.is_object()) return parsed;
    fail_command("sluis-control's answer is no JSON object");
    return tl::unexpected(kExitFailed);
}

int stream_lines(const ApiOptions& options, const ApiRequest& request,
                 const std::function<bool(std::string_view line)>& take) {
    const auto fail = [](int status, const std::string& line) {
        fail_command(line);
        return status;
    };
    if (const std::string missing = missing_option(options.target); !missing.empty()) return fail(kExitUsage, missing);
    const auto answer = stream_api(options.target, request, take);
    if (!answer) return fail(kExitUnreachable, answer.error());
    if (answer->status == 200) return kExitOk;
    const Json parsed = Json::parse(answer->body);
    return parsed.is_object() ? fail_answer(answer->status, parsed)
                              : fail(kExitFailed, "sluis-control's answer is no JSON object");
}

bool print_as_json(const ApiOptions& options, const Json& json) {
    if (!options.json) return false;
    print_json(json);
    return true;
}

std::string time_text(const Json& seconds) {
    const auto time = seconds.integer();
    return time == 0 ? "-" : format_time(time);
}

Command add_api_command(const Command& group, const char* name, const char* help, int (*run)(const ApiOptions&),
                        const std::shared_ptr<ApiOptions>& options) {
    Command command = group.add_command(name, help, run, options);
    add_api_options(command, *options);
    return command;
}

void add_comment_option(const Command& command, ApiOptions& options) {
    command.add_option("--comment", options.comment, "For the audit record").takes("TEXT");
}

}  // namespace sluis
