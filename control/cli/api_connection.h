// A way to ask sluis-control: its Unix sockets, or HTTPS with a certificate.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// Where sluis-control is. Without `server`, on this machine.
struct ApiTarget {
    std::string runtime;      ///< the directory of its sockets
    std::string server;       ///< HOST or HOST:PORT
    std::string server_name;  ///< what its certificate is for; empty: HOST
    std::string certificate;  ///< PEM files
    std::string key;
    std::string ca;
};

struct ApiRequest {
    std::string_view method = "GET";
    std::string path;  ///< with its query
    std::string body;
    std::string_view content_type;  ///< of a body
    bool needs_admin = false;       ///< locally: the admin socket
    std::string if_match = {};      ///< an ETag; empty: none
    std::string_view accept = "application/json";
};

struct ApiAnswer {
    int status = 0;
    std::string location;
    std::string body;
};

/// The error, one line, is about the way to sluis-control: it cannot be reached, or breaks off.
tl::expected<ApiAnswer, std::string> ask_api(const ApiTarget& target, const ApiRequest& request);

/// Gives each line of an answer that may have no end to `take`, without its end, until there are no more or `take` says
/// false; then the answer has no body. An answer with another status than 200 comes back whole.
tl::expected<ApiAnswer, std::string> stream_api(const ApiTarget& target, const ApiRequest& request,
                                                const std::function<bool(std::string_view line)>& take);

}  // namespace sluis
