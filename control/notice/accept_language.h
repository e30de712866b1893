// Which of the page's languages a client prefers: Accept-Language (RFC 9110, section 12.5.4).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "control/notice/notice_language.h"

namespace sluis {

/// What the Accept-Language fields of one request say. "nl-BE" asks for Dutch (RFC 4647, section 3.4: lookup); "*" is
/// every language that no range names.
class LanguagePreference {
public:
    /// Ranges of one field beyond this are not read.
    static constexpr std::size_t kRangeLimit = 32;

    /// Takes one more field's value. A range that is malformed says nothing.
    void add(std::string_view field) noexcept;
    /// The language of the highest quality; of equals the one that came first. `fallback` where none is acceptable:
    /// a page in some language says more than none.
    NoticeLanguage best(NoticeLanguage fallback) const noexcept;

private:
    struct Wish {
        std::int16_t quality = -1;  ///< thousandths; -1: not named
        std::uint16_t order = 0;
    };
    void add_range(std::string_view range) noexcept;
    void wish(Wish& wish, std::int16_t quality) noexcept;

    std::array<Wish, kNoticeLanguages> wishes_;
    Wish any_;
    std::uint16_t count_ = 0;  ///< ranges so far
};

/// A quality value, thousandths: "0" to "1" with three digits at the most behind the point (RFC 9110, section 12.4.2).
/// -1 when it is malformed.
std::int16_t read_quality(std::string_view text) noexcept;

}  // namespace sluis
