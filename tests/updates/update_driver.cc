// An updater's plan against real servers, with a clock of its own and short patience: reads orders from standard input,
// and answers each with a line of JSON. The box is a key set, a sequence, and the checks that need no compiler.
//
//   update_driver DIRECTORY KEYSET CA PROXY auto|ask WINDOW SEQUENCE MIRROR...
//   orders: check, check-due, go-on, install, now SECONDS, minute MINUTE, pending 0|1
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "control/updates/mirror_client.h"
#include "control/updates/update_plan.h"
#include "tests/updates/key_set_target.h"

namespace {

using namespace sluis;
using namespace std::chrono_literals;

nlohmann::ordered_json shown(const UpdatesView& view, const KeySetTarget& target) {
    nlohmann::ordered_json made{{"stage", info(view.stage).name},
                                {"message", view.message},
                                {"next_check", view.next_check},
                                {"downloaded", view.downloaded},
                                {"sequence", target.box.sequence},
                                {"who", target.who},
                                {"fresh", view.fresh},
                                {"mirrors", nlohmann::ordered_json::array()},
                                {"refused", nlohmann::ordered_json::array()},
                                {"alarms", nlohmann::ordered_json::array()}};
    for (const MirrorState& mirror : view.mirrors) {
        nlohmann::ordered_json each{{"cause", cause_name(mirror.last.cause)},
                                    {"message", mirror.last.message},
                                    {"note_retry_at", mirror.note_patience.retry_at},
                                    {"bundle_retry_at", mirror.bundle_patience.retry_at}};
        for (std::size_t i = 1; i < kUpdateCauseCount; ++i)
            if (mirror.failures[i] != 0) each["failures"][std::string(kUpdateCauses[i].name)] = mirror.failures[i];
        made["mirrors"].push_back(each);
    }
    for (const RefusedBundle& bundle : view.refused) made["refused"].push_back({bundle.sha256, bundle.code});
    for (const UpdatesAlarm& alarm : view.alarms) made["alarms"].push_back(alarm.name);
    return made;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 9) return 2;
    UpdatesConfig config;
    config.directory = argv[1];
    config.ca = argv[3];
    config.proxy = argv[4];
    config.install = std::string(argv[5]) == "ask" ? InstallMode::ask : InstallMode::automatic;
    config.window = argv[6];
    for (int i = 8; i < argc; ++i) config.mirrors.push_back(argv[i]);
    if (const std::string problem = check_updates_config(config); !problem.empty()) {
        std::cerr << problem << "\n";
        return 2;
    }
    std::int64_t now = 3'810'000'000;
    int minute = 12 * 60;
    KeySetTarget target(argv[2], std::stoull(argv[7]), now);
    const std::atomic<bool> stop{false};
    UpdaterWorld world{[&] { return now; }, [&](std::int64_t) { return minute; }, [] { return 0.5; },
                       MirrorLimits{6s, 4s, 10s, 60s}};
    const MirrorClient client(config.ca, config.proxy, world.limits, stop);
    UpdatePlan plan(
        config, target, [&](const MirrorRequest& request, AnswerBody& body) { return client.get(request, body); },
        world);
    for (std::string order; std::cin >> order;) {
        std::int64_t value = 0;
        if (order == "now" || order == "minute" || order == "pending") std::cin >> value;
        if (order == "now") now = value;
        if (order == "minute") minute = static_cast<int>(value);
        if (order == "pending") target.box.pending = value != 0;
        if (order == "check") plan.check(true);
        if (order == "check-due") plan.check(false);
        if (order == "go-on") plan.go_on();
        if (order == "install") [[maybe_unused]]
            const auto outcome = plan.install("somebody");
        std::cout << shown(plan.view(), target).dump() << std::endl;
    }
    return 0;
}
