// The head of an HTTP/1.1 request (RFC 9110, RFC 9112), read strictly: what could be read in two ways is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "control/api/problem.h"

namespace sluis {

enum class Method : std::uint8_t { get, head, post, put, del, options, other };
std::string_view method_name(Method method);

struct QueryParameter {
    std::string name;
    std::string value;
};

struct RequestHead {
    Method method = Method::other;
    std::string path;  ///< percent-decoded, begins with a slash, printable ASCII
    std::vector<QueryParameter> query;
    std::string accept;        ///< all of its fields, joined by commas
    std::string content_type;  ///< lower case, without parameters
    std::string if_match;
    std::string if_none_match;
    std::string host;        ///< lower case
    std::string origin;      ///< the site whose page asks; empty: no browser does, or nobody says
    std::string fetch_site;  ///< Sec-Fetch-Site, and so on (W3C Fetch Metadata): what a browser says of a request
    std::string fetch_mode;
    std::string fetch_dest;
    std::string last_event_id;  ///< of a stream of events that goes on (WHATWG HTML, section 9.2)
    std::optional<std::uint64_t> content_length;
    bool chunked = false;           ///< Transfer-Encoding was there
    bool encoded = false;           ///< Content-Encoding was there, and is not "identity"
    bool expects_continue = false;  ///< RFC 9110, section 10.1.1
    bool keep_alive = true;

    /// The value of a query parameter, null when it is not there.
    const std::string* parameter(std::string_view name) const;
};

/// Reads a head from its first byte to its empty line inclusive. The problem's status is 400, 414, 417, 431 or 505.
tl::expected<RequestHead, Problem> parse_request_head(std::string_view head);

}  // namespace sluis
