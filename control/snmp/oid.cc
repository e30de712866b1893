#include "control/snmp/oid.h"

#include <charconv>
#include <system_error>

namespace sluis {

std::optional<Oid> parse_oid(std::string_view text) {
    if (!text.empty() && text.front() == '.') text.remove_prefix(1);
    Oid oid;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (oid.size() < kOidArcs) {
        std::uint32_t arc = 0;
        const auto [behind, error] = std::from_chars(at, end, arc);
        if (error != std::errc{}) return std::nullopt;
        oid.push_back(arc);
        if (behind == end) return oid;
        if (*behind != '.') return std::nullopt;
        at = behind + 1;
    }
    return std::nullopt;
}

std::string oid_text(const Oid& oid) {
    std::string text;
    for (const std::uint32_t arc : oid) text += "." + std::to_string(arc);
    return text;
}

}  // namespace sluis
