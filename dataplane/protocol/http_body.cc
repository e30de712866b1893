#include "dataplane/protocol/http_body.h"

#include <algorithm>
#include <utility>

#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = http_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Takes the hexadecimal size off the front of `line`. Stops growing above kHttpChunkReach, whatever the digits.
std::uint64_t take_size(std::string_view& line) noexcept {
    std::uint64_t size = 0;
    while (!line.empty() && hex_value(line.front()) >= 0) {
        if (size <= kHttpChunkReach) size = size << 4 | static_cast<std::uint64_t>(hex_value(line.front()));
        line.remove_prefix(1);
    }
    return size;
}

}  // namespace

Reason HttpChunkReader::read_data_end(std::string_view stream) noexcept {
    std::size_t at = next;
    if (stream[at] == '\r' && ++at == stream.size()) return Reason::incomplete;
    if (stream[at] != '\n') return Reason::http_malformed;
    next = static_cast<std::uint32_t>(at + 1);
    after_data = false;
    return Reason::none;
}

Reason HttpChunkReader::read_size(std::string_view line, bool had_cr) noexcept {
    const std::string_view whole = line;
    const std::uint64_t size = take_size(line);
    if (line.size() == whole.size()) return Reason::http_malformed;
    const std::string_view extension = http_trim(line);
    // Some servers end an extension at a bare LF and some do not: what follows would be data for one, a header for
    // another.
    if (!extension.empty() && (extension.front() != ';' || !had_cr)) return Reason::http_malformed;
    if (size > kHttpChunkReach - std::min(next, kHttpChunkReach)) return Reason::http_malformed;
    next += static_cast<std::uint32_t>(size);
    in_trailer = size == 0;
    after_data = size != 0;
    return Reason::none;
}

/// Reads the chunk header or trailer line at `next`. True at the empty line that ends the body.
Result<bool> HttpChunkReader::read_line(std::string_view stream) noexcept {
    const std::string_view window = stream.substr(next, kHttpChunkLineLimit);
    const std::size_t length = window.find('\n');
    if (length == window.npos)
        return Failure(window.size() == kHttpChunkLineLimit ? Reason::http_malformed : Reason::incomplete);
    std::string_view line = window.substr(0, length);
    const bool had_cr = line.ends_with('\r');
    line.remove_suffix(had_cr);
    if (line.find_first_of(std::string_view("\0\r", 2)) != line.npos) return Failure(Reason::http_malformed);
    const std::uint32_t past = next + static_cast<std::uint32_t>(length) + 1;
    if (past > kHttpChunkReach) return Failure(Reason::http_malformed);
    if (in_trailer) {
        next = past;
        return line.empty();
    }
    const std::uint32_t start = std::exchange(next, past);
    const Reason reason = read_size(line, had_cr);
    if (reason == Reason::none) return false;
    next = start;
    return Failure(reason);
}

Result<bool> HttpChunkReader::read_next(Bytes bytes) noexcept {
    const std::string_view stream = as_text(bytes);
    if (!after_data) return read_line(stream);
    const Reason reason = read_data_end(stream);
    if (reason != Reason::none) return Failure(reason);
    return false;
}

Result<bool> HttpChunkReader::advance(Bytes stream) noexcept {
    while (next < stream.size()) {
        const Result<bool> ended = read_next(stream);
        if (!ended || *ended) return ended;
    }
    return Failure(Reason::incomplete);
}

}  // namespace sluis
