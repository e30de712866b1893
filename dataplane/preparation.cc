#include "dataplane/preparation.h"

#include <cstdint>
#include <numeric>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/device_name.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/policy.h"
#include "dataplane/port/device_presence.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

std::uint32_t total_workers(const Config& config) {
    return std::accumulate(config.pairs.begin(), config.pairs.end(), 0u,
                           [](std::uint32_t sum, const PairConfig& pair) { return sum + pair.workers; });
}

std::string categories(const Rules& rules, bool enforced) {
    std::string text;
    const auto all = rules.set->categories();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (rules.policy.enforced[i] == enforced) text += (text.empty() ? "" : ", ") + std::string(all[i].name);
    return text.empty() ? "nothing" : text;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string memory_line(const Config& config) {
    std::uint64_t each = 0;
    for (const MemoryShare& share : worker_memory(config.limits)) each += share.bytes;
    return "keep     " + mebibytes(each) + " of tables for each of " + std::to_string(total_workers(config)) +
           " worker(s), and frames in " +
           (config.eal.hugepages ? "hugepages" : std::to_string(config.eal.memory_mib) + " MiB of ordinary memory");
}

}  // namespace

tl::expected<Rules, std::string> load_rules(const Config& config) {
    Rules rules;
    auto set = RuleSet::load_file(config.rules);
    if (!set) return tl::unexpected(set.error());
    rules.set = std::move(*set);
    auto policy = make_policy(config, *rules.set);
    if (!policy) return tl::unexpected(policy.error());
    rules.policy = std::move(*policy);
    return rules;
}

tl::expected<void, std::string> check_machine(const Config& config) {
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside})
            if (const auto present = check_presence(*parse_device_name(port)); !present)
                return tl::unexpected("pair " + pair.name + ": " + present.error());
    return check_memory(config.limits, total_workers(config), config.eal.hugepages ? 0 : config.eal.memory_mib,
                        available_memory());
}

std::string describe(const Config& config, const Rules& rules) {
    std::string text;
    const auto line = [&text](const std::string& content) { text += "  " + content + "\n"; };
    for (const PairConfig& pair : config.pairs)
        line("bridge   " + pair.name + ": " + pair.inside + " (inside) and " + pair.outside + " (outside), " +
             std::to_string(pair.workers) + " worker(s), MTU " + std::to_string(config.frames.mtu));
    line("refuse   " + categories(rules, true) + " (DNS: " + (config.refusal.sinkhole ? "sinkhole" : "nxdomain") + ")");
    line("count    " + categories(rules, false));
    line("by       " + std::to_string(rules.set->size()) + " rules of " + config.rules + ", digest " +
         std::string(rules.set->digest()));
    line(memory_line(config));
    line("write    " + counters_path(config.runtime_directory));
    return text;
}

}  // namespace sluis
