// Prometheus' text format, version 0.0.4: families of samples, one after the other.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sluis {

enum class MetricType : std::uint8_t { counter, gauge };

class MetricsText {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    /// Begins a family; the samples that follow are its own. Names begin with sluis_; counters end in _total.
    void family(std::string_view name, MetricType type, std::string_view help);
    void sample(Labels labels, std::uint64_t value);
    void sample(Labels labels, std::int64_t value);
    void sample(Labels labels, double value);
    void sample(Labels labels, bool value) { sample(labels, std::uint64_t{value}); }
    /// A family of one sample without labels.
    template <typename Value>
    void single(std::string_view name, MetricType type, std::string_view help, Value value) {
        family(name, type, help);
        sample({}, value);
    }

    std::string take() { return std::move(text_); }

private:
    void begin_sample(Labels labels);
    std::string text_;
    std::string name_;
};

}  // namespace sluis
