// The head of an HTTP/1.x request, read line by line as it comes, so that its length costs no memory
// (RFC 9112; RFC 9110, section 7.2).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"
#include "dataplane/protocol/http_body.h"
#include "dataplane/protocol/http_field.h"

namespace sluis {

/// The longest request line, with what comes before it, and the longest field line that matters here, bytes (nginx: 8
/// KiB; Apache: 8 KiB; IIS: 16 KiB). Other field lines may be as long as the head.
inline constexpr std::size_t kHttpLineLimit = 16384;
/// The longest request head that is read, bytes. Servers take 8 to 64 KiB (Kerberos tickets, cookies), some 1 MiB (Go).
inline constexpr std::uint32_t kHttpHeadLimit = 1u << 20;
/// Names that one head may announce.
inline constexpr std::uint8_t kHttpNameLimit = 4;

/// What `HttpHeadReader::advance` came to.
enum class HttpHeadEvent : std::uint8_t {
    more,          ///< the bytes end before the head does
    request_line,  ///< complete: `method`, `target`, and perhaps a `name`
    name,          ///< a Host
    end,           ///< the empty line: `framing()` says what follows
};

struct HttpHeadProgress {
    HttpHeadEvent event = HttpHeadEvent::more;
    std::uint32_t consumed = 0;  ///< bytes at the stream's start that were read for good; the event's own ones included
    Bytes method;
    Bytes target;
    Bytes name;  ///< a Host, or the authority of an absolute-form or CONNECT target: without white space, port,
                 ///< userinfo and one trailing dot. Borrows from the stream. Empty when there is none
};

/// A plain value without views, so that a flow can keep it. Every byte is looked at once, but for the first 256 of an
/// unfinished line. What it says depends on the bytes alone, never on how they were cut.
class HttpHeadReader {
public:
    /// Reads on up to the next event. `stream` begins behind what was consumed. Fails with `stream_limit` past
    /// kHttpHeadLimit or kHttpLineLimit; `http_malformed` when the head cannot be read with one meaning;
    /// `name_conflict` when two names differ (compared without case, port and trailing dot), after the second one was
    /// shown; `not_this_protocol` when the bytes are no HTTP at all. Failures come as soon as their line is complete.
    /// After `end` or a failure the reader is of no more use.
    Result<HttpHeadProgress> advance(Bytes stream) noexcept;

    /// Whether the request line was read: the stream is HTTP, and in the middle of a head.
    bool in_fields() const noexcept { return in_fields_; }
    /// The same, where the head must end some time. Nothing needs to follow a line without a version, which other
    /// protocols have, too: another such line may come hours later.
    bool awaits_end() const noexcept { return in_fields_ && !simple_; }
    /// The bytes since what was consumed are others than those of the last call.
    void search_again() noexcept { searched_ = 0; }
    /// REQUIRES: `advance` came to `end`.
    const HttpFraming& framing() const noexcept { return framing_; }

private:
    Reason read_first_line(std::string_view stream, HttpHeadProgress& progress) noexcept;
    Reason request_line(std::string_view line, HttpHeadProgress& progress) noexcept;
    Reason unreadable(std::string_view line) const noexcept;
    Reason read_line(std::string_view stream, HttpHeadProgress& progress) noexcept;
    Reason read_open_line(std::string_view line, HttpHeadProgress& progress) noexcept;
    Reason find_line_feed(std::string_view line) noexcept;
    bool is_ignored(std::string_view line) const noexcept;
    Reason field_line(std::string_view line, HttpHeadProgress& progress) noexcept;
    Reason folded_line(std::string_view line, HttpHeadProgress& progress) noexcept;
    Reason field(const HttpFieldLine& line, HttpHeadProgress& progress) noexcept;
    Reason host(std::string_view value, HttpHeadProgress& progress) noexcept;
    Reason content_length(std::string_view value) noexcept;
    Reason transfer_encoding(std::string_view value) noexcept;
    Reason add_name(Result<std::string_view> host, HttpHeadProgress& progress) noexcept;
    Reason finish(HttpHeadProgress& progress) noexcept;
    void take(std::size_t count, HttpHeadProgress& progress) noexcept;

    HttpFraming framing_;
    std::uint64_t first_name_ = 0;   ///< a hash; two names that share one are both shown all the same
    std::uint32_t size_ = 0;         ///< bytes consumed
    std::uint32_t searched_ = 0;     ///< how far the open line was searched for its end
    std::uint32_t line_ = 0;         ///< 1 + offset of the request line; 0 while there was only white space
    Reason failure_ = Reason::none;  ///< to be given with the next call
    HttpField previous_ = HttpField::other;
    std::uint8_t name_count_ = 0;
    bool in_fields_ : 1 = false;
    bool simple_ : 1 = false;     ///< the request line had no version
    bool ignoring_ : 1 = false;   ///< the open line does not matter, and its first part was consumed
    bool host_open_ : 1 = false;  ///< the last Host had no value yet: it may stand on the next line
    bool has_length_ : 1 = false;
    bool has_coding_ : 1 = false;
    bool chunked_ : 1 = false;
};

}  // namespace sluis
