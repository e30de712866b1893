// The nearest known word to a misspelt one.
#pragma once

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

namespace sluis {

/// Levenshtein's distance: insertions, deletions and replacements of one byte.
inline std::size_t edit_distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] != to[j]);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

/// The one of `known` with the least distance to `word`, the first of equals; empty when there is none.
inline std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
    const auto closer = [word](std::string_view a, std::string_view b) {
        return edit_distance(word, a) < edit_distance(word, b);
    };
    const auto best = std::min_element(known.begin(), known.end(), closer);
    return best == known.end() ? std::string_view{} : *best;
}

}  // namespace sluis
