#include "dataplane/accounts.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include "dataplane/interface/counters_file.h"
#include "dataplane/port/log.h"

namespace sluis {

void print_accounts(const Worker& worker) {
    const WorkerCounters counters = copy_of(worker.counters());
    const auto both = [](const std::array<std::uint64_t, 2>& sides) { return std::to_string(sides[0] + sides[1]); };
    std::string line = "accounts pair=" + worker.set().name() + " worker=" + std::to_string(worker.index()) +
                       " rx=" + both(counters.rx_frames) + " injected=" + std::to_string(counters.injected_frames) +
                       " tx=" + both(counters.tx_frames) + " held=" + std::to_string(counters.held_frames) +
                       " handed_over=" + std::to_string(counters.handed_over);
    std::uint64_t drops = 0;
    std::string by_reason;
    for (std::size_t i = 0; i < kReasonCount; ++i) {
        drops += counters.drops[i];
        if (counters.drops[i] != 0)
            by_reason += " drop." + std::string(kReasons[i].name) + "=" + std::to_string(counters.drops[i]);
    }
    std::printf("%s drops=%s%s balance=%lld\n", line.c_str(), std::to_string(drops).c_str(), by_reason.c_str(),
                static_cast<long long>(balance(counters)));
}

void log_missed(PortPair& pair) {
    for (const Side side : {Side::inside, Side::outside})
        log(LogLevel::info, {{"event", "port_stopped"},
                             {"pair", pair.name()},
                             {"name", pair.port(side).info().name},
                             {"missed", std::to_string(pair.port(side).missed())}});
}

}  // namespace sluis
