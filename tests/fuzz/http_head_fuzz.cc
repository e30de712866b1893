// Any bytes as the head of a request to the control API: a refusal with a status and a sentence, or a path and a
// length that only one reading gives.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/api/http_head.h"
#include "control/api/media_type.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    constexpr std::string_view kOffered[]{"application/json", "application/x-protobuf"};
    choose_media_type(text, kOffered);
    const auto head = parse_request_head(text);
    if (!head) {
        require(head.error().status >= 400 && head.error().status < 600 && !head.error().detail.empty());
        require(!problem_json(head.error()).empty());
        return 0;
    }
    require(text.ends_with("\r\n") && text.find("\r\n\r\n") != text.npos);
    require(head->path.starts_with('/') || (head->path == "*" && head->method == Method::options));
    require(!(head->chunked && head->content_length));
    choose_media_type(head->accept, kOffered);
    return 0;
}
