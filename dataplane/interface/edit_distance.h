// What to say of a word that is not known: which one may be meant.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace sluis {

/// Insertions, deletions and replacements of one byte, and exchanges of two neighbours (optimal string alignment).
inline std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> older(to.size() + 1), last(to.size() + 1), row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        older.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            row[j] = std::min({last[j - 1] + (from[i - 1] != to[j - 1]), last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                row[j] = std::min(row[j], older[j - 2] + 1);
        }
    }
    return row.back();
}

/// The one of `known` with the least distance to `word`, whatever the case of its letters, the first of equals; empty
/// when none is near: at more than a third of its length.
inline std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    const auto folded = [](std::string_view text) {
        std::string small(text);
        for (char& c : small)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        return small;
    };
    const std::string wanted = folded(word);
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edit_distance(wanted, folded(candidate));
        if (distance < least && distance < candidate.size()) best = candidate, least = distance;
    }
    return best;
}

/// Goes behind "unknown key …": the nearest known word; or, when none is near, all of them if they are few; else
/// nothing.
inline std::string hint(std::string_view word, const std::vector<std::string_view>& known, char quote = '"') {
    constexpr std::size_t kMostBytes = 160;
    if (const std::string_view near = nearest(word, known); !near.empty())
        return "; the nearest known one is " + (quote + std::string(near) + quote);
    std::string list;
    for (const std::string_view each : known) list += (list.empty() ? "" : ", ") + (quote + std::string(each) + quote);
    return list.empty() || list.size() > kMostBytes ? "" : "; known are " + list;
}

}  // namespace sluis
