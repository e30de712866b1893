#include "control/rules/toml_key_depth.h"

#include <algorithm>

namespace sluis {
namespace {

/// How many times the text goes on with `c` from `at` on, counted up to `most`.
std::size_t run_length(std::string_view text, std::size_t at, char c, std::size_t most) noexcept {
    std::size_t length = 0;
    while (length < most && at + length < text.size() && text[at + length] == c) ++length;
    return length;
}

/// Behind the text in quotes that begins at `at` (TOML 1.0, "String"). One that is not closed ends with its line, or,
/// within three quotes, with the text: the parser goes no further than there.
std::size_t skip_quoted(std::string_view text, std::size_t at) noexcept {
    const char quote = text[at];
    const std::size_t opening = run_length(text, at, quote, 3);
    if (opening == 2) return at + 2;
    for (at += opening; at < text.size(); ++at) {
        if (text[at] == '\n' && opening == 1) return at;
        if (text[at] == '\\' && quote == '"') {
            ++at;
        } else if (text[at] == quote) {
            // Up to two more quotes before the closing three belong to the text within.
            if (opening == 1) return at + 1;
            const std::size_t closing = run_length(text, at, quote, 5);
            if (closing >= 3) return at + closing;
            at += closing - 1;
        }
    }
    return text.size();
}

}  // namespace

std::size_t find_deep_key(std::string_view text) noexcept {
    std::size_t dots = 0;
    std::size_t line_begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = skip_quoted(text, at);
            continue;
        }
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) dots = 0;
        if (c == '\n') line_begin = at + 1;
        if (c == '.' && ++dots > kKeyDotLimit) {
            const auto before = text.substr(0, line_begin);
            return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
        }
        ++at;
    }
    return 0;
}

}  // namespace sluis
