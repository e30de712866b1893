#include "control/api/history_sample.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "control/api/ruleset_keeper.h"
#include "control/bundle/bundle_clock.h"
#include "control/delivery/delivery.h"
#include "control/history/calendar.h"
#include "control/observability/counter_words.h"

namespace sluis {
namespace {

/// After a start nobody can tell yet which workers move, seconds.
constexpr std::int64_t kSettling = 10;

std::string boot_identity() {
    std::string text;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, text);
    return text;
}

bool is_same(const CountersView& a, const CountersView& b) {
    return a.header().pid == b.header().pid && a.header().started == b.header().started;
}

void add_dataplane(BoxSample& sample, const api::Status& status) {
    const api::Dataplane& dataplane = status.dataplane();
    if (!dataplane.running()) return sample.conditions.push_back({"dataplane", "", "sluis-dataplane does not run"});
    const auto newest = static_cast<std::int64_t>(std::max(dataplane.started(), status.control_started()));
    if (sample.time - newest >= kSettling && dataplane.moving_workers() != dataplane.workers())
        sample.conditions.push_back({"dataplane", "", "workers of sluis-dataplane stand still"});
}

void add_pairs(BoxSample& sample, const api::Status& status) {
    for (const api::PairMode& mode : status.modes())
        if (mode.mode() != name(PairMode::in_line))
            sample.conditions.push_back(
                {"mode", mode.pair(),
                 mode.mode() + " (" + mode.cause() + ")" + (mode.reason().empty() ? "" : ": " + mode.reason())});
    for (const api::GuardedPair& pair : status.guard().pairs())
        if (status.guard().running() && pair.passage() != "dataplane")
            sample.conditions.push_back({"passage", pair.pair(), pair.passage() + " (" + pair.cause() + ")"});
}

void add_links(BoxSample& sample, const CountersView& view) {
    for (std::size_t pair = 0; pair < view.pairs(); ++pair)
        for (const Side side : kSides) {
            const PortCounters port = view.port(pair, side);
            if (port.link != LinkState::down && port.link != LinkState::gone) continue;
            const std::string held = port.held_down != 0 ? ", by the box: its partner has none" : "";
            sample.conditions.push_back({"link", view.pair(pair) + " " + std::string(word_for(side)),
                                         "link is " + std::string(word_for(port.link)) + held});
        }
}

/// "wifi: tiktok enforce, douyin monitor; guests: tiktok enforce"
std::string describe(const DeliveryView& view) {
    std::string text;
    const auto categories = view.rules->categories();
    for (std::size_t zone = 0; zone < view.policy->policy.zones.size(); ++zone) {
        std::string modes;
        for (std::size_t i = 0; i < categories.size(); ++i) {
            const ZoneMode mode = view.phase->zones[zone][i].mode;
            if (categories[i].allows || mode == ZoneMode::off) continue;
            modes += (modes.empty() ? "" : ", ") + std::string(categories[i].name) + " " +
                     std::string(kZoneModeNames[static_cast<std::size_t>(mode)]);
        }
        text += (text.empty() ? "" : "; ") + view.policy->policy.zones[zone].name + ": " +
                (modes.empty() ? "nothing" : modes);
    }
    return text;
}

void fill(PhaseRecord& to, const DeliveryView& view) {
    if (view.policy == nullptr) {
        to.modes = "no policy: [policy] of the configuration holds for everybody";
        return;
    }
    to.sha256 = view.policy->digest;
    if (view.phase != nullptr) to.modes = describe(view);
}

}  // namespace

BoxSampler::BoxSampler(std::string runtime_directory)
    : runtime_directory_(std::move(runtime_directory)), boot_(boot_identity()) {}

void BoxSampler::look_at_counters(BoxSample& sample) {
    auto now = CountersView::open(runtime_directory_);
    if (counters_) sample.totals.push_back(totals_of(*counters_, boot_));
    if (!now || (counters_ && is_same(*counters_, *now))) return;
    sample.totals.push_back(totals_of(*now, boot_));
    counters_ = std::move(*now);
}

BoxSample BoxSampler::look(const Services& services, const api::Status& status, std::int64_t clock) {
    const auto view = services.delivery.view();
    BoxSample sample;
    sample.time = is_clock_set(clock) ? clock : std::max(clock, view->time);
    const TimeZone* zone =
        view->policy != nullptr && view->policy->policy.time_zone ? &*view->policy->policy.time_zone : nullptr;
    sample.day = day_at(sample.time, zone);
    look_at_counters(sample);
    const auto rules = services.ruleset.view();
    sample.ruleset = {0, rules->ruleset.in_force(), rules->ruleset.sequence(), rules->ruleset.sha256()};
    fill(sample.phase, *view);
    add_dataplane(sample, status);
    add_pairs(sample, status);
    if (counters_ && status.dataplane().running()) add_links(sample, *counters_);
    return sample;
}

}  // namespace sluis
