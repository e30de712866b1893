// Any bytes as a client of the notice page: bounded, of one meaning, and always a language.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/notice/notice_request.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto head = notice_head_size(text);
    if (head) {
        require(*head <= size && text[*head - 1] == '\n');
        require(notice_head_size(text.substr(0, *head)) == head);  // what follows takes no part
        require(!notice_head_size(text.substr(0, *head - 1)));     // nor was it whole before
    }
    const auto request = parse_notice_request(text.substr(0, head.value_or(size)));
    if (request) {
        for (const NoticeLanguage fallback : {NoticeLanguage::nl, NoticeLanguage::en})
            require(static_cast<std::size_t>(request->preference.best(fallback)) < kNoticeLanguages);
        require(!request->head_only || text.starts_with("HEAD "));
        require(!request->page || request->head_only || text.starts_with("GET "));
    }
    const std::int16_t quality = read_quality(text);
    require(quality >= -1 && quality <= 1000 && (quality < 0 || size <= 5));
    LanguagePreference alone;
    alone.add(text);
    require(static_cast<std::size_t>(alone.best(NoticeLanguage::fr)) < kNoticeLanguages);
    return 0;
}
