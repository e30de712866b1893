#include "dataplane/protocol/http_head_search.h"

#include "dataplane/protocol/http_request_line.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {

/// A NUL or a bare CR: servers cut there, skip it or refuse it (RFC 9112, section 2.2).
Reason HttpHeadSearch::unreadable(std::string_view stream) const noexcept {
    const bool http = line_done_ || has_known_http_method(stream.substr(line_ - 1));
    return http ? Reason::http_malformed : Reason::not_this_protocol;
}

Reason HttpHeadSearch::read_line_feed(std::string_view stream) noexcept {
    if (line_done_) {
        const std::size_t before = stream[at_ - 1] == '\r' ? at_ - 2 : at_ - 1;
        return stream[before] == '\n' ? Reason::none : Reason::incomplete;
    }
    std::string_view line = stream.substr(line_ - 1, at_ - (line_ - 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto read = read_http_request_line(line);
    if (!read) return read.error();
    line_done_ = true;
    return Reason::incomplete;
}

Reason HttpHeadSearch::read_byte(std::string_view stream) noexcept {
    switch (stream[at_]) {
        case '\n':
            return read_line_feed(stream);
        case '\r':
            return stream[at_ + 1] == '\n' ? Reason::incomplete : unreadable(stream);
        case '\0':
            return unreadable(stream);
        default:
            return Reason::incomplete;
    }
}

/// What it means that `stream` ends, perhaps at the limit, before the head does.
Reason HttpHeadSearch::at_end_of(std::string_view stream) const noexcept {
    if (line_ != 0 && !line_done_) {
        const std::string_view line = stream.substr(line_ - 1);
        if (!may_become_http_request_line(line)) return Reason::not_this_protocol;
        if (stream.size() == kHttpHeadLimit && !has_known_http_method(line)) return Reason::not_this_protocol;
    }
    return stream.size() == kHttpHeadLimit ? Reason::stream_limit : Reason::incomplete;
}

Reason HttpHeadSearch::advance(std::string_view stream) noexcept {
    stream = stream.substr(0, kHttpHeadLimit);
    const auto is_leading = [](char c) { return http_is_blank(c) || c == '\r' || c == '\n'; };
    if (at_ > stream.size()) *this = HttpHeadSearch(0);
    if (line_ == 0) {
        while (at_ < stream.size() && is_leading(stream[at_])) ++at_;
        if (at_ < stream.size()) line_ = at_ + 1;
    }
    for (; at_ < stream.size(); ++at_) {
        // What a CR means is known by the byte after it.
        if (stream[at_] == '\r' && at_ + 1 == stream.size()) break;
        const Reason reason = read_byte(stream);
        if (reason != Reason::incomplete) return reason;
    }
    return at_end_of(stream);
}

}  // namespace sluis
