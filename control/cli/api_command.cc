#include "control/cli/api_command.h"

#include <fmt/format.h>

#include "control/bundle/bundle_clock.h"
#include "control/cli/command_options.h"
#include "control/cli/standard_error.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

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
int fail_answer(int status, const json& problem) {
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
    const json problem = json::parse(answer->body, nullptr, false);
    if (!problem.is_object()) return fail(kExitFailed, "sluis-control's answer is no JSON object");
    return tl::unexpected(fail_answer(answer->status, problem));
}

tl::expected<json, int> ask_for_json(const ApiOptions& options, const ApiRequest& request) {
    const auto text = ask_for_text(options, request);
    if (!text) return tl::unexpected(text.error());
    json parsed = json::parse(*text, nullptr, false);
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
    const json parsed = json::parse(answer->body, nullptr, false);
    return parsed.is_object() ? fail_answer(answer->status, parsed)
                              : fail(kExitFailed, "sluis-control's answer is no JSON object");
}

bool print_as_json(const ApiOptions& options, const json& json) {
    if (!options.json) return false;
    fmt::print("{}\n", json.dump(2, ' ', false, json::error_handler_t::replace));
    return true;
}

const json& at(const json& object, const char* name) {
    static const json null;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found == object.end() ? null : *found;
}

std::string time_text(const json& seconds) {
    const auto time = seconds.is_number() ? seconds.get<std::int64_t>() : 0;
    return time == 0 ? "-" : format_time(time);
}

std::string text_of(const json& value) {
    return one_line(value.is_string() ? value.get<std::string>()
                                      : value.dump(-1, ' ', false, json::error_handler_t::replace));
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
