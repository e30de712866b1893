#include "control/updates/updates_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/bundle/bundle_clock.h"

namespace sluis {

std::vector<UpdatesAlarm> updates_alarms(const UpdatesView& view, std::uint32_t every, std::int64_t since,
                                         std::int64_t now) {
    std::vector<UpdatesAlarm> alarms;
    if (view.stage == UpdateStage::off) return alarms;
    const std::int64_t patience = std::max<std::int64_t>(kStaleAfter, std::int64_t{4} * every);
    if (is_clock_set(now) && now - std::max(view.fresh, view.fresh == 0 ? since : 0) > patience) {
        alarms.push_back({"updates_stale", view.fresh == 0
                                               ? "no mirror has given a right freshness note since the start"
                                               : fmt::format("no mirror has given a right freshness note since {}",
                                                             format_time(view.fresh))});
    }
    for (std::size_t i = 0; i < view.mirrors.size(); ++i) {
        const MirrorState& mirror = view.mirrors[i];
        if (mirror.older_since != 0 && now - mirror.older_since >= kOlderGrace)
            alarms.push_back({"mirror_older", fmt::format("mirror {}: {}", i, mirror.last.message)});
    }
    const std::string about = fmt::format("sequence {} ({}): {}", view.newest_sequence, view.newest_sha256,
                                          view.message.empty() ? info(view.stage).meaning : view.message);
    switch (view.stage) {
        case UpdateStage::no_freshness_keys:
            alarms.push_back({"updates_without_keys", std::string(info(view.stage).meaning)});
            break;
        case UpdateStage::refused:
            alarms.push_back({"update_refused", about});
            break;
        case UpdateStage::rolled_back:
            alarms.push_back({"update_rolled_back", about});
            break;
        case UpdateStage::waits_for_somebody:
            alarms.push_back({"update_waits", about});
            break;
        default:
            break;
    }
    return alarms;
}

}  // namespace sluis
