// Any bytes as the head of a mirror's answer, as an address, and as a window: bounded, and of one meaning.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/updates/answer_head.h"
#include "control/updates/mirror_url.h"
#include "control/updates/update_times.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    AnswerHead head;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        read_head_line(text.substr(begin, end - begin), head);
        begin = end;
    }
    require(head.status >= 0 && head.status <= 999);
    require(head.etag.empty() || (is_entity_tag(head.etag) && head.etag.find_first_of("\r\n") == head.etag.npos));
    require(!head.range || (head.range->first <= head.range->last && head.range->last < head.range->whole));
    require(head.retry_after <= 86400);
    if (const auto url = read_mirror_url(text)) {
        require(url->starts_with("https://") && url->ends_with('/') && url->size() <= kMirrorUrlLimit + 1);
        require(url->find_first_of("@?#\\ \r\n") == url->npos || url->find('@') > url->find('/', 8));
        require(read_mirror_url(*url) == *url || url->size() > kMirrorUrlLimit);
    }
    if (const auto window = parse_install_window(text)) require(window->begin < 1440 && window->end < 1440);
    return 0;
}
