#include "dataplane/service_report.h"

#include <algorithm>
#include <string>

namespace sluis {

ServiceReport::ServiceReport(ServiceManager& manager, CountersFile& counters)
    : manager_(manager), counters_(counters), fed_(counters.workers()) {}

void ServiceReport::look() {
    if (!manager_.is_there()) return;
    std::vector<std::uint64_t> now = rounds();
    const std::vector<std::size_t> waiting = still(now);
    if (waiting.empty()) {
        if (!ready_) manager_.ready();
        ready_ = true;
        manager_.feed();
        fed_ = std::move(now);
    }
    describe(waiting);
}

std::vector<std::uint64_t> ServiceReport::rounds() const {
    std::vector<std::uint64_t> rounds;
    for (std::size_t i = 0; i < counters_.workers(); ++i) rounds.push_back(counters_.worker(i).heartbeat);
    return rounds;
}

/// The workers that have not moved since the watchdog was last fed.
std::vector<std::size_t> ServiceReport::still(const std::vector<std::uint64_t>& rounds) const {
    std::vector<std::size_t> workers;
    for (std::size_t i = 0; i < rounds.size(); ++i)
        if (rounds[i] == fed_[i]) workers.push_back(i);
    return workers;
}

void ServiceReport::describe(const std::vector<std::size_t>& still) {
    const CountersHeader& header = counters_.header();
    std::size_t up = 0;
    for (std::size_t pair = 0; pair < header.pairs; ++pair)
        up += static_cast<std::size_t>(
            std::count_if(header.pair_ports[pair].ports.begin(), header.pair_ports[pair].ports.end(),
                          [](const PortCounters& port) { return port.link == LinkState::up; }));
    std::string line = still.empty() ? "forwarding" : "not forwarding: no move of worker";
    for (const std::size_t worker : still) line += " " + std::to_string(worker);
    line += "; workers: " + std::to_string(counters_.workers()) + ", pairs: " + std::to_string(header.pairs) +
            ", links up: " + std::to_string(up) + " of " + std::to_string(2 * header.pairs);
    manager_.status(line);
}

}  // namespace sluis
