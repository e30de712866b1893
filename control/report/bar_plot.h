// A plot of two series as bars, one on the other, as SVG inside an HTML page: no script, no style of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluis {

struct Bar {
    std::string label;  ///< of the period
    std::uint64_t lower = 0, upper = 0;
};

/// `title`: what a screen reader says of it. Classes: plot, lower, upper, axis. A label stands below some of the bars,
/// so that none overlap.
std::string bar_plot(const std::vector<Bar>& bars, const std::string& title);

/// "1 234 567", with narrow spaces that do not break (U+202F).
std::string grouped(std::uint64_t number);

}  // namespace sluis
