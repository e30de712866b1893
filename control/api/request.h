// A request as a handler sees it, and its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/api/caller.h"
#include "control/api/http_head.h"
#include "control/api/problem.h"

namespace sluis {

struct Request {
    RequestHead head;
    std::string body;  ///< the handler may take it
    Caller caller;
    std::string_view media_type;  ///< what the answer is to be written in: of the client's choice and the route's offer
    std::string_view path_rest;   ///< what stands for the braces at the end of the route's path
};

struct Response {
    int status = 200;
    std::string media_type;
    std::string body;
    std::string etag;      ///< with its quotes; empty: none
    std::string location;  ///< empty: none
    std::string allow;     ///< of 405 and OPTIONS
    bool retry = false;    ///< the same request may do in a second
};

Response refusal(const Problem& problem);

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProtobuf = "application/x-protobuf";
inline constexpr std::string_view kToml = "application/toml";
inline constexpr std::string_view kProblemJson = "application/problem+json";

}  // namespace sluis
