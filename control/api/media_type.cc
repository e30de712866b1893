#include "control/api/media_type.h"

#include <algorithm>
#include <string>

namespace sluis {
namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view take(std::string_view& list, char separator) {
    const std::string_view item = list.substr(0, list.find(separator));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    return trimmed(item);
}

bool same(std::string_view a, std::string_view b) {
    const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return folded(x) == folded(y); });
}

/// How closely a range names a type: 0 not at all, 1 by */*, 2 by type/*, 3 by its name.
int closeness(std::string_view range, std::string_view type) {
    if (range == "*/*") return 1;
    const auto slash = type.find('/');
    if (range.ends_with("/*") && same(range.substr(0, range.size() - 1), type.substr(0, slash + 1))) return 2;
    return same(range, type) ? 3 : 0;
}

/// A weight in thousandths; 1000 when there is none, 0 for what is no weight.
int weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::string_view parameter = take(parameters, ';');
        if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
        const std::string_view value = parameter.substr(2);
        if (value.starts_with('1')) return 1000;
        int weight = 0, place = 100;
        for (const char c : value.substr(std::min<std::size_t>(2, value.size()))) {
            if (c < '0' || c > '9') return 0;
            weight += (c - '0') * place;
            place /= 10;
        }
        return weight;
    }
    return 1000;
}

/// The weight that the closest range gives a type.
int weight_for(std::string_view type, std::string_view accept) {
    int closest = 0, weight = 0;
    while (!accept.empty()) {
        std::string_view parameters = take(accept, ',');
        const std::string_view range = take(parameters, ';');
        const int close = closeness(range, type);
        if (close > closest) closest = close, weight = weight_of(parameters);
    }
    return weight;
}

}  // namespace

std::string_view choose_media_type(std::string_view accept, std::span<const std::string_view> offered) {
    if (trimmed(accept).empty()) return offered.front();
    std::string_view best;
    int most = 0;
    for (const std::string_view type : offered) {
        const int weight = weight_for(trimmed(type.substr(0, type.find(';'))), accept);
        if (weight > most) best = type, most = weight;
    }
    return best;
}

}  // namespace sluis
