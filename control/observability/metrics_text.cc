#include "control/observability/metrics_text.h"

#include <fmt/format.h>

namespace sluis {
namespace {

/// A label's value, or a help text without its quotes: backslash, line feed and quote are escaped.
std::string escaped(std::string_view text, bool in_quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || (c == '"' && in_quotes)) out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

}  // namespace

void MetricsText::family(std::string_view name, MetricType type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name,
                         type == MetricType::counter ? "counter" : "gauge");
}

void MetricsText::begin_sample(Labels labels) {
    text_ += name_;
    char separator = '{';
    for (const auto& [name, value] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", separator, name, escaped(value, true));
        separator = ',';
    }
    if (separator == ',') text_ += '}';
}

void MetricsText::sample(Labels labels, std::uint64_t value) {
    begin_sample(labels);
    text_ += fmt::format(" {}\n", value);
}

void MetricsText::sample(Labels labels, std::int64_t value) {
    begin_sample(labels);
    text_ += fmt::format(" {}\n", value);
}

void MetricsText::sample(Labels labels, double value) {
    begin_sample(labels);
    text_ += fmt::format(" {}\n", value);
}

}  // namespace sluis
