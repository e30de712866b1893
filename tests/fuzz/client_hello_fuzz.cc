// Any bytes as the body of a ClientHello: no crash, and views that stay inside it.
#include "dataplane/protocol/client_hello.h"

#include <cstdlib>

namespace {

using sluis::Bytes;

void require_inside(Bytes part, Bytes whole) {
    if (part.empty()) return;
    const bool inside = part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
    if (!inside) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes body = std::as_bytes(std::span(data, size));
    const sluis::Result<sluis::ClientHello> hello = sluis::parse_client_hello(body);
    if (!hello) return 0;
    require_inside(hello->server_name, body);
    require_inside(hello->alpn, body);
    if (!hello->has_server_name && !hello->server_name.empty()) std::abort();
    for (const char c : sluis::as_text(hello->server_name)) {
        if (c <= ' ' || c >= 0x7f) std::abort();
    }
    return 0;
}
