#include "dataplane/confinement.h"

#include <linux/capability.h>
#include <rte_alarm.h>

#include <algorithm>

#include "dataplane/interface/device_name.h"
#include "dataplane/interface/privileges.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

void say(const char* who, const tl::expected<void, std::string>& done) {
    if (!done) log(LogLevel::warn, {{"event", "privileges_kept"}, {"thread", who}, {"reason", done.error()}});
}

void confine_interrupt_thread(void*) { say("interrupts", keep_capabilities(0)); }

bool sets_links(const Config& config) {
    const auto is_interface = [](const std::string& port) {
        return parse_device_name(port)->argument("iface").has_value();
    };
    return std::any_of(config.pairs.begin(), config.pairs.end(), [&](const PairConfig& pair) {
        return pair.follow_link && (is_interface(pair.inside) || is_interface(pair.outside));
    });
}

}  // namespace

void confine_worker() { say("worker", keep_capabilities(0)); }

void confine_process(const Config& config) {
    rte_eal_alarm_set(1, confine_interrupt_thread, nullptr);  // alarms go off in that thread
    say("main", keep_capabilities(sets_links(config) ? capability(CAP_NET_ADMIN) : 0));
    say("all", refuse_system_calls(Programs::refused));
}

}  // namespace sluis
