#include "dataplane/protocol/http_request.h"

#include "dataplane/protocol/http_authority.h"
#include "dataplane/protocol/http_head_search.h"
#include "dataplane/protocol/http_request_line.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

constexpr auto npos = std::string_view::npos;

/// The header fields that matter here.
enum class Field : std::uint8_t {
    other,
    host,
    content_length,
    transfer_encoding,
    upgrade,
    doubtful,  ///< one of the above for some servers only
};

struct FieldLine {
    Field field = Field::other;
    std::string_view value;
};

struct FieldName {
    std::string_view name;
    Field field;
};
constexpr std::array<FieldName, 4> kFields{{{"host", Field::host},
                                            {"content-length", Field::content_length},
                                            {"transfer-encoding", Field::transfer_encoding},
                                            {"upgrade", Field::upgrade}}};

bool is_space_or_control(char c) noexcept { return c == ' ' || http_is_control(c); }

std::string_view trim_front(std::string_view text) noexcept {
    while (!text.empty() && is_space_or_control(text.front())) text.remove_prefix(1);
    return text;
}

/// Reads `name ":" value` for one known name. White space before the colon is accepted by some (lighttpd can) and
/// forbidden (RFC 9112, section 5.1): it costs a Host nothing, and makes the body's length doubtful.
FieldLine match_field(std::string_view line, const FieldName& known) noexcept {
    if (!http_starts_with(line, known.name)) return {};
    std::string_view rest = line.substr(known.name.size());
    if (!rest.empty() && http_is_token(rest.front())) return {};
    const std::string_view colon = trim_front(rest);
    if (colon.empty() || colon.front() != ':') return {Field::doubtful, {}};
    const bool framing = known.field == Field::content_length || known.field == Field::transfer_encoding;
    if (framing && colon.size() != rest.size()) return {Field::doubtful, {}};
    return {known.field, http_trim(colon.substr(1))};
}

FieldLine read_field_line(std::string_view line) noexcept {
    const std::string_view trimmed = trim_front(line);
    for (const FieldName& known : kFields) {
        const FieldLine read = match_field(trimmed, known);
        if (read.field != Field::other) return read;
    }
    return {};
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
    for (char c : text) {
        if (!http_is_digit(c) || length >= (std::uint64_t{1} << 60) / 10) return false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return !text.empty();
}

/// Reads a complete head line by line into a request. Every step returns `none` or the reason to stop.
class HeadReader {
public:
    explicit HeadReader(HttpRequest& request) noexcept : request_(request) {}
    Reason request_line(std::string_view line) noexcept;
    Reason field_line(std::string_view line) noexcept;
    Reason finish() noexcept;

private:
    Reason folded_line(std::string_view line) noexcept;
    Reason field(const FieldLine& line) noexcept;
    Reason host(std::string_view value) noexcept;
    Reason content_length(std::string_view value) noexcept;
    Reason transfer_encoding(std::string_view value) noexcept;
    Reason add_name(Result<std::string_view> host) noexcept;

    HttpRequest& request_;
    Field previous_ = Field::other;
    bool host_open_ = false;  ///< the last Host had no value yet: it may stand on the next line
    bool has_length_ = false;
    bool has_coding_ = false;
    bool chunked_ = false;
};

Reason HeadReader::add_name(Result<std::string_view> host) noexcept {
    if (!host) return host.error();
    if (request_.name_count > 0 && !http_equal(as_text(request_.names[0]), *host)) return Reason::name_conflict;
    if (request_.name_count == request_.names.size()) return Reason::http_malformed;
    request_.names[request_.name_count++] = as_bytes(*host);
    return Reason::none;
}

Reason HeadReader::request_line(std::string_view line) noexcept {
    const auto read = read_http_request_line(line);
    if (!read) return read.error();
    request_.method = as_bytes(read->method);
    request_.target = as_bytes(read->target);
    request_.is_connect = http_equal(read->method, "CONNECT");
    request_.is_preface = read->method == "PRI" && read->target == "*";
    if (request_.is_connect) return add_name(read_http_authority(read->target));
    const auto authority = target_authority(read->target);
    if (!authority) return authority.error();
    return authority->empty() ? Reason::none : add_name(read_http_authority(*authority));
}

Reason HeadReader::host(std::string_view value) noexcept {
    host_open_ = value.empty();
    return value.empty() ? Reason::none : add_name(read_http_host(value));
}

/// The same length more than once is one length (RFC 9110, section 8.6).
Reason HeadReader::content_length(std::string_view value) noexcept {
    do {
        std::uint64_t length = 0;
        if (!read_length(take_element(value), length)) return Reason::http_malformed;
        if (has_length_ && length != request_.body_length) return Reason::http_malformed;
        has_length_ = true;
        request_.body_length = length;
    } while (!value.empty());
    return Reason::none;
}

Reason HeadReader::transfer_encoding(std::string_view value) noexcept {
    has_coding_ = true;
    while (!value.empty()) chunked_ = http_equal(take_element(value), "chunked");
    return Reason::none;
}

Reason HeadReader::field(const FieldLine& line) noexcept {
    switch (line.field) {
        case Field::other:
            return Reason::none;
        case Field::host:
            return host(line.value);
        case Field::content_length:
            return content_length(line.value);
        case Field::transfer_encoding:
            return transfer_encoding(line.value);
        case Field::upgrade:
            request_.is_upgrade |= !line.value.empty();
            return Reason::none;
        case Field::doubtful:
            return Reason::http_malformed;
    }
    return Reason::none;
}

/// A line that begins with white space: it continues the last field (RFC 9112, section 5.2), stands for itself (Node
/// reads a Host there), or ends the head when nothing else is on it. Only what all of them read alike is accepted.
Reason HeadReader::folded_line(std::string_view line) noexcept {
    const std::string_view text = http_trim(line);
    if (text.empty() || read_field_line(text).field != Field::other) return Reason::http_malformed;
    if (previous_ == Field::other || previous_ == Field::upgrade) return Reason::none;
    return previous_ == Field::host && host_open_ ? host(text) : Reason::http_malformed;
}

Reason HeadReader::field_line(std::string_view line) noexcept {
    request_.is_preface = false;
    if (http_is_blank(line.front())) return folded_line(line);
    const FieldLine read = read_field_line(line);
    previous_ = read.field;
    return field(read);
}

/// Decides how the body ends (RFC 9112, section 6.3): a coding goes before a length.
Reason HeadReader::finish() noexcept {
    request_.is_upgrade |= request_.is_preface;
    if (has_coding_ && !chunked_) return Reason::http_malformed;
    if (request_.is_connect) return Reason::none;
    if (has_coding_) request_.body = HttpBody::chunked;
    if (!has_coding_ && has_length_ && request_.body_length > 0) request_.body = HttpBody::length;
    return Reason::none;
}

/// Takes the next line off `head`, without its line break.
std::string_view take_line(std::string_view& head) noexcept {
    const std::size_t length = head.find('\n');
    std::string_view line = head.substr(0, length);
    head.remove_prefix(length + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

bool may_be_http_request(Bytes prefix) noexcept {
    const std::string_view stream = as_text(prefix);
    const std::size_t start = stream.find_first_not_of("\r\n \t");
    if (start == npos) return true;
    std::string_view line = stream.substr(start);
    const std::size_t length = line.find('\n');
    line = line.substr(0, length);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (length == npos) return line.find('\0') == npos && may_become_http_request_line(line);
    const auto read = read_http_request_line(line);
    return read || read.error() != Reason::not_this_protocol;
}

Result<HttpRequest> read_http_request(Bytes bytes, std::uint32_t& scanned) noexcept {
    const std::string_view stream = as_text(bytes);
    HttpHeadSearch search(scanned);
    const Reason found = search.advance(stream);
    scanned = search.packed();
    if (found != Reason::none) return Failure(found);

    HttpRequest request;
    request.head_end = static_cast<std::uint32_t>(search.end());
    HeadReader reader(request);
    std::string_view head = search.head(stream);
    Reason reason = reader.request_line(take_line(head));
    for (std::string_view line = take_line(head); reason == Reason::none && !line.empty(); line = take_line(head)) {
        reason = reader.field_line(line);
    }
    if (reason == Reason::none) reason = reader.finish();
    if (reason != Reason::none) return Failure(reason);
    return request;
}

}  // namespace sluis
