// What went wrong with a request, as RFC 9457 problem details.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

struct Problem {
    int status = 500;    ///< an HTTP status code
    std::string detail;  ///< one sentence: what is wrong, and what to do
    std::string field;   ///< the header, parameter or member that is wrong; empty: none in particular
};

/// The reason phrase of RFC 9110, section 15; "Unknown" for codes that this program does not send.
std::string_view status_title(int status);

/// application/problem+json
std::string problem_json(const Problem& problem);

}  // namespace sluis
