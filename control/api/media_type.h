// Content negotiation (RFC 9110, section 12.5.1).
#pragma once

#include <span>
#include <string_view>

namespace sluis {

/// The one of `offered` (media types, which may have parameters) that an Accept field prefers, the first of equals;
/// without an Accept field the first. Empty: none will do.
std::string_view choose_media_type(std::string_view accept, std::span<const std::string_view> offered);

}  // namespace sluis
