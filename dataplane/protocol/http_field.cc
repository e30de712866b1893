#include "dataplane/protocol/http_field.h"

#include <algorithm>
#include <array>

#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

struct FieldName {
    std::string_view name;
    HttpField field;
};
constexpr std::array<FieldName, 4> kFields{{{"host", HttpField::host},
                                            {"content-length", HttpField::content_length},
                                            {"transfer-encoding", HttpField::transfer_encoding},
                                            {"upgrade", HttpField::upgrade}}};

/// The bytes of a line within which its name must begin and be told, so that a line that grows costs little to look at.
constexpr std::size_t kNameWindow = 256;

bool is_space_or_control(char c) noexcept { return c == ' ' || http_is_control(c); }

std::string_view trim_front(std::string_view text) noexcept {
    while (!text.empty() && is_space_or_control(text.front())) text.remove_prefix(1);
    return text;
}

/// Reads `name ":" value` for one known name. White space before the colon is accepted by some (lighttpd can) and
/// forbidden (RFC 9112, section 5.1): it costs a Host nothing, and makes the body's length doubtful.
HttpFieldLine match_field(std::string_view line, const FieldName& known) noexcept {
    if (!http_starts_with(line, known.name)) return {};
    std::string_view rest = line.substr(known.name.size());
    if (!rest.empty() && http_is_token(rest.front())) return {};
    const std::string_view colon = trim_front(rest);
    if (colon.empty() || colon.front() != ':') return {HttpField::doubtful, {}};
    const bool framing = known.field == HttpField::content_length || known.field == HttpField::transfer_encoding;
    if (framing && colon.size() != rest.size()) return {HttpField::doubtful, {}};
    return {known.field, http_trim(colon.substr(1))};
}

/// Whether the name in a line that begins with `part` may be this one.
bool may_be(std::string_view part, std::string_view known) noexcept {
    if (part.size() <= known.size()) return http_equal(part, known.substr(0, part.size()));
    return http_starts_with(part, known) && !http_is_token(part[known.size()]);
}

}  // namespace

HttpFieldLine read_http_field_line(std::string_view line) noexcept {
    const std::string_view trimmed = trim_front(line);
    for (const FieldName& known : kFields) {
        const HttpFieldLine read = match_field(trimmed, known);
        if (read.field != HttpField::other) return read;
    }
    return {};
}

bool is_certainly_other_field(std::string_view part) noexcept {
    const std::string_view name = trim_front(part.substr(0, kNameWindow));
    return std::none_of(kFields.begin(), kFields.end(), [name](const FieldName& known) {
        return may_be(name, known.name);  // of no byte at all, too
    });
}

}  // namespace sluis
