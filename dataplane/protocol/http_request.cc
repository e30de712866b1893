#include "dataplane/protocol/http_request.h"

#include "dataplane/protocol/http_request_line.h"

namespace sluis {

bool may_be_http_request(Bytes prefix) noexcept {
    const std::string_view stream = as_text(prefix);
    const std::size_t start = stream.find_first_not_of("\r\n \t");
    if (start == std::string_view::npos) return true;
    std::string_view line = stream.substr(start);
    const std::size_t length = line.find('\n');
    line = line.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (length == std::string_view::npos)
        return line.find('\0') == std::string_view::npos && may_become_http_request_line(line);
    const auto read = read_http_request_line(line);
    return read || read.error() != Reason::not_this_protocol;
}

}  // namespace sluis
