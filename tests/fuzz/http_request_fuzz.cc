// Any bytes as a request head, a chunked body and a status line. Beyond memory errors, it checks the promises that
// callers build on: one byte at a time comes to the same, names lie inside the head and compare equal.
#include <cstdlib>

#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/http_syntax.h"

namespace {

using namespace sluis;

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

void check_heads(Bytes stream) {
    std::uint32_t scanned = 0;
    const auto whole = read_http_request(stream, scanned);
    if (whole) check_request(*whole, stream);
    std::uint32_t carried = 0;
    for (std::size_t size = 0; size <= stream.size(); ++size) {
        const auto part = read_http_request(stream.first(size), carried);
        if (!part && part.error() == Reason::incomplete && size < stream.size()) continue;
        // An unknown method with an odd target is seen to be HTTP by the end of its line only.
        if (!part && part.error() == Reason::not_this_protocol) return;
        require(part.has_value() == whole.has_value());
        require(part ? part->head_end == whole->head_end : part.error() == whole.error());
        return;
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
