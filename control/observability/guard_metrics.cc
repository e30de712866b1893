#include "control/observability/guard_metrics.h"

#include <cstdint>
#include <string_view>

namespace sluis {

void write_guard_metrics(MetricsText& text, const std::optional<GuardState>& state) {
    constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;
    text.single("sluis_guard_up", kGauge, "Whether sluis-guard's process is there.", state && is_running(*state));
    if (!state) return;
    text.family(
        "sluis_pair_passage", kGauge,
        "What becomes of a pair's frames: one of the four series of a pair is 1; bypassed: they cross uninspected.");
    for (const GuardedPair& pair : state->pairs)
        for (const std::string_view passage : kPassageNames)
            text.sample({{"pair", pair.pair}, {"passage", passage}}, std::uint64_t{passage == name(pair.passage)});
    text.family("sluis_pair_failures_total", kCounter,
                "Times that the dataplane ended or hung, since the machine started.");
    for (const GuardedPair& pair : state->pairs) text.sample({{"pair", pair.pair}}, pair.failures);
    text.family("sluis_pair_hangs_total", kCounter, "Of these, times that it hung.");
    for (const GuardedPair& pair : state->pairs) text.sample({{"pair", pair.pair}}, pair.hangs);
}

}  // namespace sluis
