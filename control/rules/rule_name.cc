#include "control/rules/rule_name.h"

#include <fmt/format.h>

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::size_t kLabelLimit = 63;
constexpr std::size_t kNameLimit = 253;

constexpr bool is_label_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string check_label(std::string_view label) {
    if (label.empty()) return "an empty label";
    if (label.size() > kLabelLimit)
        return fmt::format("a label of {} bytes; {} is the most", label.size(), kLabelLimit);
    for (char c : label) {
        if (c == '*') return "a wildcard; a suffix rule covers all names below its own";
        if (static_cast<unsigned char>(c) > 0x7e) return "a letter that is not ASCII; write the xn-- form";
        if (!is_label_byte(c)) return fmt::format("the byte 0x{:02x}, which no host name holds", c);
    }
    return {};
}

}  // namespace

tl::expected<std::string, std::string> read_rule_name(std::string_view text) {
    std::string name(text);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
    if (name.ends_with('.')) return Error("a trailing dot; write the name without it");
    if (name.size() > kNameLimit) return Error(fmt::format("{} bytes; {} is the most", name.size(), kNameLimit));
    std::size_t labels = 0;
    for (std::string_view rest = name;; ++labels) {
        const auto dot = rest.find('.');
        if (auto problem = check_label(rest.substr(0, dot)); !problem.empty()) return Error(problem);
        if (dot == rest.npos) break;
        rest.remove_prefix(dot + 1);
    }
    if (labels == 0) return Error("a single label: that would be a whole top-level domain");
    return name;
}

}  // namespace sluis
