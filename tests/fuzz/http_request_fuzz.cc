// Any bytes as a request head, a chunked body and a status line. Beyond memory errors, it checks the promises that
// callers build on: one byte at a time comes to the same, names lie inside the head and compare equal.
#include <algorithm>
#include <cstdlib>

#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/http_syntax.h"
#include "tests/unit/whole_http_request.h"

namespace {

using namespace sluis;
using test::HttpRequest;
using test::read_http_request;

void require(bool condition) {
    if (!condition) std::abort();
}

bool lies_in(Bytes part, Bytes whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_request(const HttpRequest& request, Bytes stream) {
    require(request.head_end > 0 && request.head_end <= stream.size() && request.head_end <= kHttpHeadLimit);
    const Bytes head = stream.first(request.head_end);
    require(request.name_count <= request.names.size());
    for (std::size_t i = 0; i < request.name_count; ++i) {
        require(!request.names[i].empty() && lies_in(request.names[i], head));
        require(http_equal(as_text(request.names[i]), as_text(request.names[0])));
    }
    require(lies_in(request.method, head) && may_be_http_request(stream));
}

/// All that a reader tells of a stream that grows by `step` bytes.
struct Told {
    Reason reason = Reason::none;
    std::size_t consumed = 0;
    std::size_t names = 0;
    HttpBody body = HttpBody::none;
};

Told read_by(Bytes stream, std::size_t step) {
    Told told;
    HttpHeadReader reader;
    for (std::size_t size = std::min(step, stream.size());; size = std::min(size + step, stream.size())) {
        for (;;) {
            const auto progress = reader.advance(stream.first(size).subspan(told.consumed));
            if (!progress) return told.reason = progress.error(), told;
            told.consumed += progress->consumed;
            require(told.consumed <= size);
            told.names += progress->name.empty() ? 0 : 1;
            if (progress->event == HttpHeadEvent::end) return told.body = reader.framing().body, told;
            if (progress->event == HttpHeadEvent::more) break;
        }
        if (size == stream.size()) return told.reason = Reason::incomplete, told;
    }
}

void check_heads(Bytes stream) {
    const auto whole = read_http_request(stream);
    if (whole) check_request(*whole, stream);
    const Told at_once = read_by(stream, stream.size() + 1);
    require(at_once.reason == (whole ? Reason::none : whole.error()));
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
        const Told told = read_by(stream, step);
        // An unknown method with an odd target is seen to be HTTP by the end of its line only.
        if (told.reason == Reason::not_this_protocol) continue;
        require(told.reason == at_once.reason && told.names == at_once.names && told.body == at_once.body);
        require(told.reason != Reason::none || told.consumed == at_once.consumed);
    }
}

void check_chunks(Bytes stream) {
    HttpChunkReader reader;
    const auto whole = reader.advance(stream);
    HttpChunkReader carried;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
        const std::uint32_t before = carried.next;
        const auto part = carried.advance(stream.first(size));
        require(carried.next >= before && carried.next <= kHttpChunkReach + 2);
        if (!part && part.error() == Reason::incomplete && size < stream.size()) continue;
        require(part.has_value() == whole.has_value() && carried.next == reader.next);
        return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes stream{reinterpret_cast<const std::byte*>(data), size};
    check_heads(stream);
    check_chunks(stream);
    return 0;
}
