#include "dataplane/protocol/doh_query.h"

#include <optional>

#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

constexpr auto npos = std::string_view::npos;

std::optional<std::uint32_t> hex_digit(char c) noexcept {
    if (http_is_digit(c)) return static_cast<std::uint32_t>(c - '0');
    const char lower = http_lower(c);
    if (lower >= 'a' && lower <= 'f') return static_cast<std::uint32_t>(lower - 'a' + 10);
    return std::nullopt;
}

/// Takes one character off `text`, percent-decoded. REQUIRES: !text.empty().
char take_character(std::string_view& text) noexcept {
    if (text.front() == '%' && text.size() >= 3) {
        const auto high = hex_digit(text[1]);
        const auto low = hex_digit(text[2]);
        if (high && low) {
            text.remove_prefix(3);
            return static_cast<char>(*high << 4 | *low);
        }
    }
    const char c = text.front();
    text.remove_prefix(1);
    return c;
}

/// The value of a digit of either alphabet (RFC 4648, sections 4 and 5).
std::optional<std::uint32_t> base64_digit(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
    if (http_is_digit(c)) return static_cast<std::uint32_t>(c - '0' + 52);
    if (c == '-' || c == '+') return 62;
    if (c == '_' || c == '/') return 63;
    return std::nullopt;
}

Result<Bytes> decode_base64(std::string_view text, MutableBytes room) noexcept {
    std::uint32_t bits = 0;
    std::uint32_t count = 0;
    std::size_t size = 0;
    while (!text.empty()) {
        const auto digit = base64_digit(take_character(text));
        if (!digit) break;
        bits = bits << 6 | *digit;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        if (size == room.size()) return Failure(Reason::stream_limit);
        room[size++] = static_cast<std::byte>(bits >> count & 0xff);
    }
    return Bytes(room.first(size));
}

/// Takes `dns=` off the front of a parameter.
bool take_name(std::string_view& parameter) noexcept {
    for (const char expected : std::string_view("dns=")) {
        if (parameter.empty() || http_lower(take_character(parameter)) != expected) return false;
    }
    return true;
}

}  // namespace

DohQueryReader::DohQueryReader(Bytes target) noexcept {
    const std::string_view text = as_text(target);
    const std::size_t query = text.find('?');
    if (query != npos) rest_ = text.substr(query + 1);
}

Result<Bytes> DohQueryReader::next(MutableBytes room) noexcept {
    while (!rest_.empty()) {
        const std::size_t end = rest_.find_first_of("&;");
        std::string_view parameter = rest_.substr(0, end);
        rest_ = end == npos ? std::string_view{} : rest_.substr(end + 1);
        if (!take_name(parameter)) continue;
        const auto message = decode_base64(parameter, room);
        if (!message || message->size() >= kDnsHeaderSize) return message;
    }
    return Failure(Reason::incomplete);
}

}  // namespace sluis
