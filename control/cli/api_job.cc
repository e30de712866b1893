#include "control/cli/api_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "control/cli/standard_error.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

/// Between two questions after a job.
constexpr std::chrono::milliseconds kAskAgain{200};

/// A text of several lines, each made fit to be printed.
std::vector<std::string> lines_of(const Json& text) {
    std::vector<std::string> lines;
    const std::string whole = text.is_string() ? text.text() : "";
    std::string_view rest = whole;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.push_back(one_line(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
        out += is_plain ? std::string(1, c) : fmt::format("%{:02x}", byte);
    }
    return out;
}

int follow_job(const ApiOptions& options, Json job) {
    const std::string path = "/v1/jobs/" + text_of(at(job, "id"));
    {
        const WaitingLine line("waiting for " + text_of(at(job, "kind")));
        while (at(job, "state") == "queued" || at(job, "state") == "running") {
            std::this_thread::sleep_for(kAskAgain);
            auto next = ask_for_json(options, {"GET", path, "", "", false});
            if (!next) return next.error();
            job = std::move(*next);
        }
    }
    const bool is_printed = print_as_json(options, job);
    if (at(job, "state") == "done") {
        for (const std::string& line : lines_of(at(job, "message")))
            if (!is_printed) fmt::print("{}\n", line);
        return kExitOk;
    }
    const Json& error = at(job, "error");
    const std::string code = at(error, "code") == 0 ? "" : text_of(at(error, "code")) + " ";
    const std::string head = fmt::format("refused: {}{}: ", code, text_of(at(error, "name")));
    for (const std::string& line : lines_of(at(error, "message"))) fail_command(head + line);
    return kExitRefused;
}

int order_job(const ApiOptions& options, const char* path, const Json& order) {
    const std::string body = order.dump();
    const auto job = ask_for_json(options, {"POST", path, body, "application/json", true});
    return job ? follow_job(options, *job) : job.error();
}

}  // namespace sluis
