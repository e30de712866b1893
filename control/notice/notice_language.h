// The languages that the notice page speaks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluis {

enum class NoticeLanguage : std::uint8_t { nl, fr, de, en };

inline constexpr std::size_t kNoticeLanguages = 4;
/// Primary subtags (RFC 5646, section 2.2.1), lower case.
inline constexpr std::array<const char*, kNoticeLanguages> kNoticeLanguageTags{"nl", "fr", "de", "en"};

inline std::string_view tag_of(NoticeLanguage language) noexcept {
    return kNoticeLanguageTags[static_cast<std::size_t>(language)];
}

}  // namespace sluis
