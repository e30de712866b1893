// Any text as a policy: errors of one line each, or a policy that makes a zone table at every moment at which it
// changes.
#include <cstdlib>
#include <string>

#include "control/policy/policy_phase.h"
#include "control/policy/policy_source.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

tl::expected<std::string, std::string> device_file(const std::string& name) {
    require(!name.empty() && name.front() != '/' && name != ".." && !name.starts_with("../"));
    return "MAC\n00:00:5e:00:53:01\n00:00:5e:00:53:02\n";
}

void use(const Policy& policy) {
    const Category categories[] = {{"tiktok", true}, {"encrypted-dns", false}};
    require(!policy.zones.empty() && policy.zones.back().is_for_everybody());
    std::int64_t time = 0;
    for (int step = 0; step < 8; ++step) {
        const PolicyPhase phase = phase_at(policy, categories, time);
        const auto table = make_zone_table(zone_plan(policy, phase, categories, std::string(64, 'a'), 1));
        require(table && ZoneTable::load(*table)->zone_of({}) < policy.zones.size());
        for (std::size_t i = 0; i < policy.zones.size(); ++i) require(!why(policy, i, phase.zones[i][0]).empty());
        if (!phase.next_change) return;
        require(*phase.next_change > time);
        time = *phase.next_change;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto policy = read_policy_text({reinterpret_cast<const char*>(data), size}, "fuzz.toml", device_file);
    if (policy) {
        use(*policy);
    } else {
        require(!policy.error().empty());
        for (const std::string& error : policy.error()) require(error.find('\n') == error.npos);
    }
    return 0;
}
