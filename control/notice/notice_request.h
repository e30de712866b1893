// A request to the notice page, as far as the answer depends on it: which language, and whether the page is wanted.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "control/notice/accept_language.h"
#include "control/notice/notice_language.h"

namespace sluis {

struct NoticeRequest {
    bool head_only = false;              ///< HEAD: the answer has no content (RFC 9110, section 9.3.2)
    std::optional<NoticeLanguage> page;  ///< GET or HEAD of /nl, /fr, /de or /en: the page itself was asked for
    LanguagePreference preference;
};

/// Why there is no request in a head: the status of the answer.
enum class NoticeMistake : int { bad_request = 400, version_not_supported = 505 };

/// Reads a head from its first byte to its empty line. Whatever method, target or Host, HTTP/1.0 or 1.1: it is one;
/// only the request line and Accept-Language are read (RFC 9112, section 3). Other fields are not even checked, since
/// nothing that a client sends is used, kept or sent back.
tl::expected<NoticeRequest, NoticeMistake> parse_notice_request(std::string_view head) noexcept;

/// Bytes to the end of the first empty line, or none as long as there is no such line. Lines may end in LF alone.
std::optional<std::size_t> notice_head_size(std::string_view received) noexcept;

}  // namespace sluis
