#include "control/report/bar_plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/notice/notice_page.h"

namespace sluis {
namespace {

constexpr double kWidth = 720, kHeight = 190, kLeft = 70, kTop = 12, kBottom = 26;
constexpr double kPlotHeight = kHeight - kTop - kBottom;
constexpr std::size_t kLabels = 12;

/// The next number of the form 1, 2 or 5 times a power of ten: what the axis ends with.
std::uint64_t round_up(std::uint64_t number) {
    constexpr std::uint64_t kLargest = 5'000'000'000'000'000'000;
    for (std::uint64_t power = 1; power < kLargest / 10; power *= 10)
        for (const std::uint64_t digit : {1u, 2u, 5u})
            if (digit * power >= number) return digit * power;
    return kLargest;
}

double height_of(std::uint64_t value, std::uint64_t top) {
    return kPlotHeight * static_cast<double>(value) / static_cast<double>(top);
}

std::string axis(std::uint64_t top) {
    std::string svg;
    for (const std::uint64_t value : {std::uint64_t{0}, top / 2, top}) {
        if (value == 0 && top < 2 && !svg.empty()) continue;
        const double y = kTop + kPlotHeight - height_of(value, top);
        svg += fmt::format(
            "<line class=\"axis\" x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\"/>"
            "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
            kLeft, y, kWidth, kLeft - 6, y + 4, grouped(value));
    }
    return svg;
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3;) digits.insert(place -= 3, "\u202f");
    return digits;
}

std::string bar_plot(const std::vector<Bar>& bars, const std::string& title) {
    std::uint64_t most = 1;
    for (const Bar& bar : bars) most = std::max(most, bar.lower + bar.upper);
    const std::uint64_t top = round_up(most);
    const double step = (kWidth - kLeft) / static_cast<double>(std::max<std::size_t>(bars.size(), 1));
    const std::size_t each_label = bars.size() / kLabels + 1;
    std::string svg = fmt::format("<svg class=\"plot\" role=\"img\" viewBox=\"0 0 {} {}\" aria-label=\"{}\">\n{}",
                                  kWidth, kHeight, escape_html(title), axis(top));
    for (std::size_t i = 0; i < bars.size(); ++i) {
        const double x = kLeft + step * static_cast<double>(i), width = std::max(step * 0.8, 0.5);
        double y = kTop + kPlotHeight;
        for (const auto& [name, value] : {std::pair("lower", bars[i].lower), std::pair("upper", bars[i].upper)}) {
            const double height = height_of(value, top);
            y -= height;
            if (value != 0)
                svg +=
                    fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
                                name, x + step * 0.1, y, width, height);
        }
        if (i % each_label == 0)
            svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x + step / 2,
                               kHeight - 8, escape_html(bars[i].label));
    }
    return svg + "</svg>\n";
}

}  // namespace sluis
