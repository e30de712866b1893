#include "control/history/refusal_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "dataplane/interface/counters_file.h"

namespace sluis {
namespace {

std::uint64_t grown(std::uint64_t& known, std::uint64_t now) {
    const std::uint64_t before = known;
    known = std::max(known, now);
    return known - before;
}

void add_slot(RefusalCounts& to, const CountersView& view, const WorkerCounters& counts, std::size_t zone,
              std::size_t category) {
    for (std::size_t protocol = 1; protocol < kProtocolNames.size(); ++protocol) {
        const RefusalCount count{counts.zone_blocked[zone][category][protocol],
                                 counts.zone_monitored[zone][category][protocol]};
        if (count == RefusalCount{}) continue;
        to[{view.zone(zone), view.category(category), std::string(kProtocolNames[protocol])}] += count;
    }
}

}  // namespace

DataplaneTotals totals_of(const CountersView& view, const std::string& boot) {
    DataplaneTotals totals{fmt::format("{} {} {}", boot, view.header().pid, view.header().started), {}};
    for (std::size_t worker = 0; worker < view.workers(); ++worker) {
        const WorkerCounters counts = view.worker(worker);
        for (std::size_t zone = 0; zone < kZoneSlots; ++zone)
            for (std::size_t category = 0; category < kCategorySlots; ++category)
                add_slot(totals.counts, view, counts, zone, category);
    }
    return totals;
}

RefusalCounts RefusalLedger::take(const DataplaneTotals& totals) {
    if (totals.identity != known_.identity) known_ = {totals.identity, {}};
    RefusalCounts news;
    for (const auto& [key, now] : totals.counts) {
        RefusalCount& known = known_.counts[key];
        const RefusalCount more{grown(known.refused, now.refused), grown(known.would_refuse, now.would_refuse)};
        if (more != RefusalCount{}) news[key] = more;
    }
    return news;
}

}  // namespace sluis
