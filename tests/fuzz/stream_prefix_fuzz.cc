// Any bytes as what comes before a stream: a PROXY header, a SOCKS request, text with a hello in it. Beyond memory
// errors: results lie inside the bytes, and a cut stream is incomplete or fails as the whole does.
#include <cstdint>
#include <cstdlib>

#include "dataplane/protocol/proxy_header.h"
#include "dataplane/protocol/socks_request.h"
#include "dataplane/protocol/tls_record.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

template <typename Read, typename MayBe>
void check(Bytes stream, Read read, MayBe may_be) {
    const auto whole = read(stream);
    if (whole) require(whole->size > 0 && whole->size <= stream.size());
    for (std::size_t size = 1; size <= stream.size(); ++size) {
        const auto part = read(stream.first(size));
        if (!part && part.error() == Reason::incomplete) {
            require(may_be(stream.first(size)));
            continue;
        }
        require(part.has_value() == whole.has_value());
        require(part ? part->size == whole->size : part.error() == whole.error());
        return;
    }
}

void check_search(Bytes stream) {
    const std::size_t found = find_client_hello(stream, 0);
    require(found <= stream.size());
    if (stream.size() - found >= kHelloCertainSize) require(may_be_client_hello(stream.subspan(found)));
    if (found != 0) require(find_client_hello(stream, found) == found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes stream{reinterpret_cast<const std::byte*>(data), size};
    check(stream, read_proxy_header, may_be_proxy_header);
    check(stream, read_socks_request, may_be_socks_request);
    check_search(stream);
    return 0;
}
