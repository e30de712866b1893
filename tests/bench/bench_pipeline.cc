#include "tests/bench/bench_pipeline.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "control/policy/zone_table_writer.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/shipped_rules.h"
#include "dataplane/interface/policy.h"
#include "tests/unit/generation_maker.h"

namespace sluis::bench {
namespace {

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::exit(1);
}

PipelinePolicy default_policy(const RuleSet& rules) {
    static const Config config;
    auto policy = make_policy(config, rules);
    if (!policy) fail(policy.error());
    return *policy;
}

/// Networks, VLANs and devices that none of the clients is of: each has to be looked for everywhere.
ZonePlan office_plan(const RuleSet& rules, const PipelinePolicy& policy) {
    constexpr std::uint32_t kNetworks = 40, kVlans = 20;
    constexpr std::uint64_t kDevices = 100'000, kFirstDevice = 0x02'1000'0000'00;
    ZonePlan plan{std::string(rules.digest()), 1, {}, {}};
    ZoneEntry everybody;
    everybody.name = "default";
    for (const Category& category : rules.categories()) {
        plan.categories.emplace_back(category.name);
        const bool enforced = policy.enforced[plan.categories.size() - 1];
        everybody.modes.push_back(enforced ? ZoneMode::enforce : ZoneMode::monitor);
    }
    const auto add = [&](std::string name) -> ZoneEntry& {
        ZoneEntry& zone = plan.zones.emplace_back();
        zone.name = std::move(name);
        zone.modes.assign(plan.categories.size(), ZoneMode::monitor);
        return zone;
    };
    for (std::uint32_t i = 0; i < kNetworks; ++i)
        add("network" + std::to_string(i)).prefixes = {*read_address_prefix("10.77." + std::to_string(i) + ".0/24")};
    for (std::uint32_t i = 0; i < kVlans; ++i)
        add("vlan" + std::to_string(i)).vlans = {static_cast<std::uint16_t>(100 + i)};
    auto& devices = add("devices").devices.emplace();
    for (std::uint64_t i = 0; i < kDevices; ++i) devices.push_back(kFirstDevice + i * 977);
    plan.zones.push_back(everybody);
    return plan;
}

std::shared_ptr<const ZoneImage> zones_of(Deployment deployment, const RuleSet& rules, const PipelinePolicy& policy) {
    if (deployment == Deployment::plain) return nullptr;
    auto bytes = make_zone_table(office_plan(rules, policy));
    if (!bytes) fail(bytes.error());
    auto image = ZoneImage::load(std::move(*bytes));
    if (!image) fail(image.error());
    return *image;
}

std::unique_ptr<const Generation> make_generation(Deployment deployment, const RuleSet& rules) {
    const PipelinePolicy policy = default_policy(rules);
    return test::make_generation(
        {.rules = test::borrowed(rules), .policy = policy, .zones = zones_of(deployment, rules, policy)});
}

/// As long as the frames of a burst take on a line, but for classes that leave something behind: so long that a quarter
/// of the smallest table is in use.
Nanoseconds time_of_burst(const Script& script, const Limits& limits, std::size_t bursts) {
    constexpr Nanoseconds kLine = 12'800;  // 64 frames at 5 million a second
    if (script.kept == 0) return kLine;
    // Each loop sends the same connection IDs from other ports: by then the last loop's are to be forgotten.
    if (script.quic_connections != 0)
        return std::max(limits.quic_connection, limits.blocked_flow) * 11 / 10 / bursts + kLine;
    const std::uint64_t room = std::min({limits.quic_connections, limits.flows, limits.datagrams * 16}) / 4;
    const Nanoseconds longest = std::max(limits.quic_connection, limits.blocked_flow);
    return std::max<Nanoseconds>(kLine, longest * script.kept / room / bursts);
}

std::string expect(const char* what, std::uint64_t counted, std::uint64_t expected) {
    if (counted == expected) return {};
    return std::string(what) + ": " + std::to_string(counted) + ", not " + std::to_string(expected) + "; ";
}

}  // namespace

std::unique_ptr<RuleSet> bench_rules(std::uint32_t count) {
    const auto folder = find_shipped_rules();
    if (!folder) fail(folder.error());
    auto source = read_rule_source({count == 0 ? *folder : *folder + "/tiktok.toml"});
    if (!source) fail(source.error().front());
    if (count != 0 && source->rules.size() > count) source->rules.resize(count);
    std::string text = "category = \"bench\"\ndefault = \"on\"\ncomment = \"bench\"\nsource = \"bench\"\nsuffix = [\n";
    for (std::size_t i = source->rules.size(); i < count; ++i)
        text += "{ name = \"site" + std::to_string(i * 2654435761u) + ".example\", comment = \"bench\" },\n";
    std::vector<std::string> errors;
    if (source->rules.size() < count) read_rule_text(text + "]\n", "bench.toml", *source, errors);
    if (!errors.empty()) fail(errors.front());
    auto rules = compile_and_load(*source);
    if (!rules) fail(rules.error());
    return std::move(*rules);
}

BenchPipeline::BenchPipeline(const Script& script, const RuleSet& rules, const Limits& limits,
                             std::uint32_t settled_flows, Deployment deployment)
    : script_(script),
      generation_(make_generation(deployment, rules)),
      traffic_(script, settled_flows),
      pipeline_(limits, io_, counters_, deployment == Deployment::office ? &recorder_ : nullptr) {
    pipeline_.use(*generation_);
    burst_time_ = time_of_burst(script, limits, traffic_.bursts().size());
}

std::string BenchPipeline::verify() const {
    std::string wrong;
    for (const Protocol protocol : {Protocol::dns, Protocol::tls, Protocol::quic}) {
        const auto at = static_cast<std::size_t>(protocol);
        const std::uint64_t counted =
            counters_.names_allowed[at] + counters_.names_blocked[at] + counters_.names_monitored[at];
        if (script_.names != decltype(script_.names){})
            wrong += expect(std::string(name(protocol)).c_str(), counted, script_.names[at] * loops_);
    }
    if (script_.tcp_flows != 0) wrong += expect("flows inserted", counters_.flows_inserted, script_.tcp_flows * loops_);
    const auto passed = counters_.errors[static_cast<std::size_t>(Reason::overload_pass)];
    if (script_.tcp_flows + script_.quic_connections != 0) wrong += expect("passed uninspected", passed, 0);
    std::uint64_t drops = 0;
    for (std::size_t i = 0; i < kReasonCount; ++i) drops += counters_.drops[i];
    if (script_.names == decltype(script_.names){} && script_.kept == 0 && script_.messages == 0)
        wrong += expect("dropped", drops, 0);
    for (std::size_t i = 0; i < kReasonCount && !wrong.empty(); ++i)
        if (counters_.drops[i] != 0)
            wrong += std::string(kReasons[i].name) + " " + std::to_string(counters_.drops[i]) + "; ";
    wrong += expect("balance", static_cast<std::uint64_t>(balance(counters_)), 0);
    return wrong;
}

}  // namespace sluis::bench
