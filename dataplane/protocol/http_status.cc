#include <algorithm>

#include "dataplane/protocol/http_request.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {

Result<std::uint16_t> read_http_status(Bytes stream) noexcept {
    // A '0' stands for any digit. The byte after the code must be seen, to know that it has no fourth digit.
    constexpr std::string_view kShape = "HTTP/0.0 000";
    const std::string_view text = as_text(stream);
    const auto fits = [](char shape, char c) { return shape == '0' ? http_is_digit(c) : shape == c; };
    const std::size_t seen = std::min(text.size(), kShape.size());
    for (std::size_t i = 0; i < seen; ++i) {
        if (!fits(kShape[i], text[i])) return Failure(Reason::not_this_protocol);
    }
    if (text.size() <= kShape.size()) return Failure(Reason::incomplete);
    const char after = text[kShape.size()];
    if (!http_is_blank(after) && after != '\r' && after != '\n') return Failure(Reason::not_this_protocol);
    return static_cast<std::uint16_t>((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
}

}  // namespace sluis
