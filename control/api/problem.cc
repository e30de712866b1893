#include "control/api/problem.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace sluis {
namespace {

struct StatusTitle {
    int status;
    std::string_view title;
};

constexpr std::array kTitles{StatusTitle{100, "Continue"},
                             StatusTitle{200, "OK"},
                             StatusTitle{202, "Accepted"},
                             StatusTitle{204, "No Content"},
                             StatusTitle{304, "Not Modified"},
                             StatusTitle{400, "Bad Request"},
                             StatusTitle{403, "Forbidden"},
                             StatusTitle{404, "Not Found"},
                             StatusTitle{405, "Method Not Allowed"},
                             StatusTitle{406, "Not Acceptable"},
                             StatusTitle{408, "Request Timeout"},
                             StatusTitle{409, "Conflict"},
                             StatusTitle{411, "Length Required"},
                             StatusTitle{412, "Precondition Failed"},
                             StatusTitle{413, "Content Too Large"},
                             StatusTitle{414, "URI Too Long"},
                             StatusTitle{415, "Unsupported Media Type"},
                             StatusTitle{417, "Expectation Failed"},
                             StatusTitle{422, "Unprocessable Content"},
                             StatusTitle{428, "Precondition Required"},
                             StatusTitle{429, "Too Many Requests"},
                             StatusTitle{431, "Request Header Fields Too Large"},
                             StatusTitle{500, "Internal Server Error"},
                             StatusTitle{501, "Not Implemented"},
                             StatusTitle{503, "Service Unavailable"},
                             StatusTitle{505, "HTTP Version Not Supported"}};

}  // namespace

std::string_view status_title(int status) {
    const auto found = std::find_if(kTitles.begin(), kTitles.end(), [&](const auto& e) { return e.status == status; });
    return found == kTitles.end() ? "Unknown" : found->title;
}

std::string problem_json(const Problem& problem) {
    nlohmann::ordered_json json{{"type", "about:blank"},
                                {"title", status_title(problem.status)},
                                {"status", problem.status},
                                {"detail", problem.detail}};
    if (!problem.field.empty()) json["field"] = problem.field;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace sluis
