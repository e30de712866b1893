// Members of saved JSON that somebody may have broken: there, of the right type, of a size that can be; or nothing.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sluis {

/// Bytes of a zone, category or rule, and of a date: what the dataplane's records have room for.
inline constexpr std::size_t kSavedTextLimit = 64;

inline std::optional<std::string> text_member(const nlohmann::ordered_json& object, const char* name) {
    if (!object.is_object()) return std::nullopt;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    auto text = found->get<std::string>();
    if (text.size() > kSavedTextLimit) return std::nullopt;
    return text;
}

inline std::optional<std::uint64_t> count_member(const nlohmann::ordered_json& object, const char* name) {
    if (!object.is_object()) return std::nullopt;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
}

}  // namespace sluis
