// A request as a handler sees it, and its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// The body of an answer that has no end yet: the connection asks for more when the client has taken what there was.
class ResponseStream {
public:
    enum class More {
        open,    ///< all is read that there is now
        ended,   ///< nothing more comes
        behind,  ///< the client is too slow: what it wants next is gone
    };
    virtual ~ResponseStream() = default;
    /// Appends what is new, about `room` bytes at the most.
    virtual More read(std::string& to, std::size_t room) = 0;
    /// What keeps the connection alive when nothing is new.
    virtual std::string_view heartbeat() const = 0;
    /// The client took nothing for too long, or is behind: the connection is cut.
    virtual void cut() = 0;
};

struct Response {
    int status = 200;
    std::string media_type;
    std::string body;
    std::string etag;                        ///< with its quotes; empty: none
    std::string location;                    ///< empty: none
    std::string allow;                       ///< of 405 and OPTIONS
    std::string content_policy;              ///< what a browser may load for it; empty: nothing
    bool retry = false;                      ///< the same request may do in a second
    std::unique_ptr<ResponseStream> stream;  ///< in place of a body
};

Response refusal(const Problem& problem);

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kProtobuf = "application/x-protobuf";
inline constexpr std::string_view kToml = "application/toml";
inline constexpr std::string_view kCsv = "text/csv; charset=utf-8";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";
inline constexpr std::string_view kPcapng = "application/x-pcapng";
inline constexpr std::string_view kTar = "application/x-tar";
inline constexpr std::string_view kProblemJson = "application/problem+json";

}  // namespace sluis
