#include "dataplane/overload_report.h"

#include <string>

#include "dataplane/port/log.h"

namespace sluis {
void OverloadReport::look() {
    for (std::size_t i = 0; i < said_.size(); ++i) {
        const LiveCounters& counters = counters_.worker(i);
        const Said now{counters.overloaded != 0, counters.overloads,
                       counters.errors[static_cast<std::size_t>(Reason::overload_pass)],
                       counters.drops[static_cast<std::size_t>(Reason::overload_drop)]};
        if (now.on == said_[i].on && now.overloads == said_[i].overloads) continue;
        say(i, now);
        said_[i] = now;
    }
}

void OverloadReport::say(std::size_t worker, const Said& now) const {
    const Said& before = said_[worker];
    log(now.on ? LogLevel::warn : LogLevel::info, {{"event", "overload"},
                                                   {"pair", counters_.header().pair_of_worker[worker]},
                                                   {"worker", std::to_string(worker)},
                                                   {"state", now.on ? "on" : "over"},
                                                   {"began", std::to_string(now.overloads - before.overloads)},
                                                   {"passed", std::to_string(now.passed - before.passed)},
                                                   {"dropped", std::to_string(now.dropped - before.dropped)}});
}

}  // namespace sluis
