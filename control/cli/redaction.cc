#include "control/cli/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace sluis {
namespace {

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_mail(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("@._+-").find(c) != std::string_view::npos;
}
/// Of any address.
bool is_address(char c) { return is_mail(c) || c == ':' || c == '/' || c == '%' || c == '[' || c == ']'; }

std::size_t count(std::string_view word, char c) {
    return static_cast<std::size_t>(std::count(word.begin(), word.end(), c));
}

bool holds_ipv4(std::string_view word) {
    for (std::size_t at = 0; at < word.size(); ++at) {
        std::size_t end = at, dots = 0;
        while (end < word.size() && (is_digit(word[end]) || word[end] == '.')) dots += word[end++] == '.';
        if (dots >= 3) return true;
        at = std::max(at, end);
    }
    return false;
}

/// "02:00:5e:10:00:01", with dashes, or in Cisco's form.
bool holds_mac(std::string_view word) {
    std::size_t groups = 0, digits = 0;
    char separator = 0;
    for (const char c : word) {
        if (is_hex(c)) {
            if (++digits > 4) groups = 0;
            if ((digits == 2 && groups == 5 && separator != '.') || (digits == 4 && groups == 2 && separator == '.'))
                return true;
        } else if (c == ':' || c == '-' || c == '.') {
            const bool goes_on = c == separator || groups == 0;
            groups = digits != 0 && digits <= 4 && goes_on ? groups + 1 : 0;
            separator = c;
            digits = 0;
        } else {
            groups = digits = 0;
        }
    }
    return false;
}

bool holds_ipv6(std::string_view word) {
    const bool is_time =
        count(word, ':') == 2 && word.find("::") == std::string_view::npos && word.find('T') != std::string_view::npos;
    return !is_time && (word.find("::") != std::string_view::npos || count(word, ':') >= 4) &&
           std::any_of(word.begin(), word.end(), is_hex);
}

std::string_view kind_of(std::string_view word) {
    if (holds_mac(word)) return "<mac>";
    if (holds_ipv6(word)) return "<ipv6>";
    if (holds_ipv4(word)) return "<ipv4>";
    const auto at = word.find('@');
    return at != std::string_view::npos && at != 0 && word.find('.', at) != std::string_view::npos ? "<mail>" : "";
}

/// Where a string ends that begins at `at`, behind its last quote.
std::size_t string_end(std::string_view toml, std::size_t at) {
    const char quote = toml[at];
    const std::string three(3, quote);
    const bool is_long = toml.substr(at, 3) == three;
    for (std::size_t i = at + (is_long ? 3 : 1); i < toml.size(); ++i) {
        if (toml[i] == '\\' && quote == '"') {
            ++i;
            continue;
        }
        if (is_long && toml.substr(i, 3) == three) {
            i += 3;
            while (i < toml.size() && toml[i] == quote) ++i;
            return i;
        }
        if (!is_long && (toml[i] == quote || toml[i] == '\n')) return i + 1;
    }
    return toml.size();
}

/// Goes through a TOML text: `put(string, key)` writes what stands for a string; other text is kept, comments go.
template <typename Put>
std::string rewrite(std::string_view toml, Put put) {
    std::string made, word, key;
    for (std::size_t at = 0; at < toml.size();) {
        const char c = toml[at];
        if (c == '"' || c == '\'') {
            const std::size_t end = string_end(toml, at);
            made += put(toml.substr(at, end - at), key);
            at = end;
            continue;
        }
        if (c == '#') {
            at = std::min(toml.find('\n', at), toml.size());
            continue;
        }
        const bool is_bare = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
        if (is_bare) word += c;
        if (c == '=') key = word;
        if (!is_bare && c != ' ' && c != '\t') word.clear();
        if (c == '\n' || c == ',' || c == '{') key.clear();  // what follows may be a key in quotes
        made += c;
        ++at;
    }
    return made;
}

}  // namespace

std::string without_addresses(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && is_address(text[end])) ++end;
        const std::string_view word = text.substr(at, end - at);
        const std::string_view kind = kind_of(word);
        made += kind.empty() ? word : kind;
        if (end < text.size()) made += text[end];
        at = end + 1;
    }
    return made;
}

std::string without_strings(std::string_view toml) {
    constexpr std::array<std::string_view, 8> kPlain{"mode", "enforce", "monitor",   "off",
                                                     "from", "until",   "review_by", "time_zone"};
    return without_addresses(rewrite(toml, [&](std::string_view text, const std::string& key) {
        const bool is_plain = std::find(kPlain.begin(), kPlain.end(), key) != kPlain.end();
        return is_plain ? std::string(text) : std::string("\"<text>\"");
    }));
}

std::string without_secrets(std::string_view toml) {
    return without_addresses(rewrite(toml, [](std::string_view text, const std::string& key) {
        for (const char* secret :
             {"secret", "password", "token", "fingerprints", "community", "owner", "reason", "contact"})
            if (key.find(secret) != std::string::npos) return std::string("\"<left out>\"");
        return std::string(text);
    }));
}

}  // namespace sluis
