#include "control/api/updates_metrics.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "control/updates/updates_view.h"

namespace sluis {
namespace {

constexpr MetricType kCounter = MetricType::counter, kGauge = MetricType::gauge;

void write_mirrors(MetricsText& text, const UpdatesView& view) {
    text.family("sluis_updates_failures_total", kCounter,
                "Requests to a mirror that failed, by its index and the cause.");
    for (std::size_t i = 0; i < view.mirrors.size(); ++i)
        for (std::size_t cause = 1; cause < kUpdateCauseCount; ++cause)
            text.sample({{"mirror", std::to_string(i)}, {"cause", kUpdateCauses[cause].name}},
                        view.mirrors[i].failures[cause]);
    text.family("sluis_updates_mirror_success_timestamp_seconds", kGauge,
                "When a mirror last gave a right note; 0: it did not since the start.");
    for (std::size_t i = 0; i < view.mirrors.size(); ++i)
        text.sample({{"mirror", std::to_string(i)}}, view.mirrors[i].fresh);
}

}  // namespace

void write_updates_metrics(MetricsText& text, const UpdatesView& view) {
    if (view.stage == UpdateStage::off) return;
    text.single("sluis_updates_last_check_timestamp_seconds", kGauge, "When mirrors were last asked; 0: never.",
                view.checked);
    text.single("sluis_updates_last_success_timestamp_seconds", kGauge,
                "When one of them last gave a right note; 0: never.", view.fresh);
    text.single("sluis_updates_next_check_timestamp_seconds", kGauge, "When they are asked next.", view.next_check);
    text.single("sluis_updates_newest_sequence", kGauge, "The sequence that the newest note names; 0: there is none.",
                view.newest_sequence);
    text.single("sluis_updates_downloaded_bytes_total", kCounter, "Bytes of bundles that came.", view.downloaded);
    text.family("sluis_updates_installs_total", kCounter, "Bundles that were pulled, by what came of them.");
    text.sample({{"result", "installed"}}, view.installs);
    text.sample({{"result", "refused"}}, view.refusals);
    write_mirrors(text, view);
    std::map<std::string_view, std::uint64_t> alarms;
    for (const UpdatesAlarm& alarm : view.alarms) ++alarms[alarm.name];
    text.family("sluis_updates_alarms", kGauge, "Alarms about updates, by their name; none: no sample.");
    for (const auto& [name, count] : alarms) text.sample({{"alarm", name}}, count);
}

}  // namespace sluis
