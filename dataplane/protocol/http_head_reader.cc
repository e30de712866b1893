#include "dataplane/protocol/http_head_reader.h"

#include <algorithm>

#include "dataplane/protocol/http_authority.h"
#include "dataplane/protocol/http_request_line.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_leading(char c) noexcept { return http_is_blank(c) || c == '\r' || c == '\n'; }

std::string_view without_cr(std::string_view line) noexcept {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// FNV-1a over the name in lower case.
std::uint64_t hash_of(std::string_view name) noexcept {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(http_lower(c))) * 0x100'0000'01b3;
    return hash;
}

/// Takes the next element off a comma-separated list.
std::string_view take_element(std::string_view& list) noexcept {
    const std::size_t comma = list.find(',');
    const std::string_view element = http_trim(list.substr(0, comma));
    list = comma == npos ? std::string_view{} : list.substr(comma + 1);
    return element;
}

/// A Content-Length of digits only, below 2^60.
bool read_length(std::string_view text, std::uint64_t& length) noexcept {
    length = 0;
    for (const char c : text) {
        if (!http_is_digit(c) || length >= (std::uint64_t{1} << 60) / 10) return false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return !text.empty();
}

}  // namespace

Result<HttpHeadProgress> HttpHeadReader::advance(Bytes bytes) noexcept {
    const std::string_view stream = as_text(bytes);
    HttpHeadProgress progress;
    Reason reason = failure_;
    if (reason == Reason::none && !in_fields_) reason = read_first_line(stream, progress);
    while (reason == Reason::none && progress.event == HttpHeadEvent::more) reason = read_line(stream, progress);
    if (reason == Reason::none || reason == Reason::incomplete) return progress;
    failure_ = reason;
    return Failure(reason);
}

void HttpHeadReader::take(std::size_t count, HttpHeadProgress& progress) noexcept {
    size_ += static_cast<std::uint32_t>(count);
    progress.consumed += static_cast<std::uint32_t>(count);
    searched_ = 0;
}

/// A NUL or a bare CR behind `line`: servers cut there, skip it or refuse it (RFC 9112, section 2.2), and in other
/// protocols a CR ends a command.
Reason HttpHeadReader::unreadable(std::string_view line) const noexcept {
    return in_fields_ || has_known_http_target(line) ? Reason::http_malformed : Reason::not_this_protocol;
}

/// Moves `searched_` to the next line feed. `incomplete`: there is none.
Reason HttpHeadReader::find_line_feed(std::string_view line) noexcept {
    for (; searched_ < line.size(); ++searched_) {
        const char c = line[searched_];
        if (c == '\n') return Reason::none;
        if (c == '\0') return Reason::http_malformed;
        if (c != '\r') continue;
        // What a CR means is known by the byte after it.
        if (searched_ + 1 == line.size()) return Reason::incomplete;
        if (line[searched_ + 1] != '\n') return Reason::http_malformed;
    }
    return Reason::incomplete;
}

/// Nothing is consumed before the line is complete: it may turn out to be no HTTP, and belong to another protocol.
Reason HttpHeadReader::read_first_line(std::string_view stream, HttpHeadProgress& progress) noexcept {
    stream = stream.substr(0, kHttpLineLimit);
    if (searched_ > stream.size()) *this = {};
    if (line_ == 0) {
        while (searched_ < stream.size() && is_leading(stream[searched_])) ++searched_;
        if (searched_ < stream.size()) line_ = searched_ + 1;
    }
    const std::string_view line = line_ == 0 ? std::string_view{} : stream.substr(line_ - 1);
    const Reason found = find_line_feed(stream);
    if (found == Reason::http_malformed) return unreadable(line.substr(0, line_ == 0 ? 0 : searched_ - (line_ - 1)));
    if (found == Reason::none) {
        const std::size_t end = searched_ + 1;
        const Reason reason = request_line(without_cr(stream.substr(line_ - 1, searched_ - (line_ - 1))), progress);
        take(end, progress);
        return reason;
    }
    const bool at_limit = stream.size() == kHttpLineLimit;
    if (!line.empty()) {
        if (!may_become_http_request_line(line)) return Reason::not_this_protocol;
        if (at_limit && !has_known_http_method(line)) return Reason::not_this_protocol;
    }
    return at_limit ? Reason::stream_limit : Reason::incomplete;
}

Reason HttpHeadReader::request_line(std::string_view line, HttpHeadProgress& progress) noexcept {
    const auto read = read_http_request_line(line);
    if (!read) return read.error();
    in_fields_ = true;
    simple_ = !read->has_version;
    progress.event = HttpHeadEvent::request_line;
    progress.method = as_bytes(read->method);
    progress.target = as_bytes(read->target);
    framing_.is_connect = http_equal(read->method, "CONNECT");
    framing_.is_preface = read->method == "PRI" && read->target == "*";
    if (framing_.is_connect) return add_name(read_http_authority(read->target), progress);
    const auto authority = target_authority(read->target);
    if (!authority) return authority.error();
    return authority->empty() ? Reason::none : add_name(read_http_authority(*authority), progress);
}

Reason HttpHeadReader::read_line(std::string_view stream, HttpHeadProgress& progress) noexcept {
    const std::string_view rest = stream.substr(progress.consumed);
    const Reason found = find_line_feed(rest);
    if (found == Reason::incomplete) return read_open_line(rest, progress);
    if (found != Reason::none) return found;
    const std::size_t length = searched_;
    if (size_ + length >= kHttpHeadLimit) return Reason::stream_limit;
    const std::string_view line = without_cr(rest.substr(0, length));
    take(length + 1, progress);
    if (ignoring_) {
        ignoring_ = false;
        return Reason::none;
    }
    if (line.empty()) return finish(progress);
    if (simple_ && read_http_request_line(line)) {
        *this = {};
        return request_line(line, progress);
    }
    if (length >= kHttpLineLimit && !is_ignored(line)) return Reason::stream_limit;
    return field_line(line, progress);
}

/// A line whose end is not there: it is kept, unless it does not matter.
Reason HttpHeadReader::read_open_line(std::string_view line, HttpHeadProgress& progress) noexcept {
    if (size_ + line.size() >= kHttpHeadLimit) return Reason::stream_limit;
    if (!ignoring_ && !simple_ && is_ignored(line.substr(0, searched_))) {
        ignoring_ = true;
        if (!http_is_blank(line.front())) previous_ = HttpField::other;
        framing_.is_preface = false;
    }
    if (ignoring_) take(searched_, progress);
    return !ignoring_ && line.size() >= kHttpLineLimit ? Reason::stream_limit : Reason::incomplete;
}

/// Whether a line that begins so is one that `field_line` makes nothing of.
bool HttpHeadReader::is_ignored(std::string_view line) const noexcept {
    if (line.empty() || !is_certainly_other_field(line)) return false;
    return !http_is_blank(line.front()) || previous_ == HttpField::other || previous_ == HttpField::upgrade;
}

Reason HttpHeadReader::field_line(std::string_view line, HttpHeadProgress& progress) noexcept {
    framing_.is_preface = false;
    if (http_is_blank(line.front())) return folded_line(line, progress);
    const HttpFieldLine read = read_http_field_line(line);
    previous_ = read.field;
    return field(read, progress);
}

/// A line that begins with white space: it continues the last field (RFC 9112, section 5.2), stands for itself (Node
/// reads a Host there), or ends the head when nothing else is on it. Only what all of them read alike is accepted.
Reason HttpHeadReader::folded_line(std::string_view line, HttpHeadProgress& progress) noexcept {
    const std::string_view text = http_trim(line);
    if (text.empty() || read_http_field_line(text).field != HttpField::other) return Reason::http_malformed;
    if (previous_ == HttpField::other || previous_ == HttpField::upgrade) return Reason::none;
    return previous_ == HttpField::host && host_open_ ? host(text, progress) : Reason::http_malformed;
}

Reason HttpHeadReader::field(const HttpFieldLine& line, HttpHeadProgress& progress) noexcept {
    switch (line.field) {
        case HttpField::other:
            return Reason::none;
        case HttpField::host:
            return host(line.value, progress);
        case HttpField::content_length:
            return content_length(line.value);
        case HttpField::transfer_encoding:
            return transfer_encoding(line.value);
        case HttpField::upgrade:
            framing_.is_upgrade |= !line.value.empty();
            return Reason::none;
        case HttpField::doubtful:
            return Reason::http_malformed;
    }
    return Reason::none;
}

Reason HttpHeadReader::host(std::string_view value, HttpHeadProgress& progress) noexcept {
    host_open_ = value.empty();
    if (value.empty()) return Reason::none;
    progress.event = HttpHeadEvent::name;
    return add_name(read_http_host(value), progress);
}

/// A second name that differs is shown before it fails: where the failure is not taken as certain, the name counts.
Reason HttpHeadReader::add_name(Result<std::string_view> host, HttpHeadProgress& progress) noexcept {
    if (!host) return host.error();
    if (name_count_ == kHttpNameLimit) return Reason::http_malformed;
    const std::uint64_t hash = hash_of(*host);
    if (name_count_++ == 0) first_name_ = hash;
    if (hash != first_name_) failure_ = Reason::name_conflict;
    progress.name = as_bytes(*host);
    return Reason::none;
}

/// The same length more than once is one length (RFC 9110, section 8.6).
Reason HttpHeadReader::content_length(std::string_view value) noexcept {
    do {
        std::uint64_t length = 0;
        if (!read_length(take_element(value), length)) return Reason::http_malformed;
        if (has_length_ && length != framing_.body_length) return Reason::http_malformed;
        has_length_ = true;
        framing_.body_length = length;
    } while (!value.empty());
    return Reason::none;
}

Reason HttpHeadReader::transfer_encoding(std::string_view value) noexcept {
    has_coding_ = true;
    while (!value.empty()) chunked_ = http_equal(take_element(value), "chunked");
    return Reason::none;
}

/// Decides how the body ends (RFC 9112, section 6.3): a coding goes before a length. A CONNECT has no content that
/// means anything (RFC 9110, section 9.3.6): some servers skip what it says it has, for others the tunnel begins there.
Reason HttpHeadReader::finish(HttpHeadProgress& progress) noexcept {
    progress.event = HttpHeadEvent::end;
    in_fields_ = false;
    framing_.is_upgrade |= framing_.is_preface;
    if (has_coding_ && !chunked_) return Reason::http_malformed;
    if (framing_.is_connect) return has_coding_ || framing_.body_length != 0 ? Reason::http_malformed : Reason::none;
    if (has_coding_) framing_.body = HttpBody::chunked;
    if (!has_coding_ && has_length_ && framing_.body_length > 0) framing_.body = HttpBody::length;
    return Reason::none;
}

}  // namespace sluis
