#include "control/notice/accept_language.h"

#include <algorithm>

namespace sluis {
namespace {

constexpr std::int16_t kFull = 1000;

std::string_view trim(std::string_view text) noexcept {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// What is before the first `mark`; `text` keeps what is behind it.
std::string_view take_until(std::string_view& text, char mark) noexcept {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool equal_folded(std::string_view a, std::string_view lower_case) noexcept {
    return std::equal(a.begin(), a.end(), lower_case.begin(), lower_case.end(),
                      [](char x, char y) { return lower(x) == y; });
}

/// The quality that a range's parameters give it; -1 when they are malformed.
std::int16_t quality_of(std::string_view parameters) noexcept {
    parameters = trim(parameters);
    if (parameters.empty()) return kFull;
    if (parameters.size() < 2 || lower(parameters[0]) != 'q' || parameters[1] != '=') return -1;
    return read_quality(parameters.substr(2));
}

}  // namespace

std::int16_t read_quality(std::string_view text) noexcept {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
    if (text.size() > 1 && text[1] != '.') return -1;
    int quality = text[0] == '1' ? kFull : 0;
    int place = kFull;
    for (std::size_t i = 2; i < text.size(); ++i) {
        if (!is_digit(text[i])) return -1;
        place /= 10;
        quality += (text[i] - '0') * place;
    }
    return quality > kFull ? std::int16_t{-1} : static_cast<std::int16_t>(quality);
}

void LanguagePreference::add(std::string_view field) noexcept {
    for (std::size_t ranges = 0; ranges < kRangeLimit && !field.empty(); ++ranges) add_range(take_until(field, ','));
}

void LanguagePreference::add_range(std::string_view range) noexcept {
    const std::string_view tag = trim(take_until(range, ';'));
    const std::int16_t quality = quality_of(range);
    if (tag.empty() || quality < 0) return;
    if (tag == "*") return wish(any_, quality);
    const std::string_view primary = tag.substr(0, tag.find('-'));
    for (std::size_t i = 0; i < kNoticeLanguages; ++i)
        if (equal_folded(primary, kNoticeLanguageTags[i])) wish(wishes_[i], quality);
}

/// Of several ranges for one language the kindest counts: "nl-BE;q=0.5, nl".
void LanguagePreference::wish(Wish& wish, std::int16_t quality) noexcept {
    const std::uint16_t order = count_ < UINT16_MAX ? count_++ : count_;
    if (quality > wish.quality) wish = {quality, order};
}

NoticeLanguage LanguagePreference::best(NoticeLanguage fallback) const noexcept {
    Wish most{0, 0};
    NoticeLanguage found = fallback;
    const auto consider = [&](NoticeLanguage language) {
        const Wish& named = wishes_[static_cast<std::size_t>(language)];
        const Wish& wish = named.quality >= 0 ? named : any_;
        const bool better = wish.quality > most.quality ||
                            (wish.quality == most.quality && wish.order < most.order && wish.quality > 0);
        if (!better) return;
        most = wish;
        found = language;
    };
    consider(fallback);  // first: "*" alone is for it
    for (std::size_t i = 0; i < kNoticeLanguages; ++i) consider(static_cast<NoticeLanguage>(i));
    return found;
}

}  // namespace sluis
