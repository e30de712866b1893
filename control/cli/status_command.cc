// sluisctl status and sluisctl stats: what sluis-control says of the box.
#include <fmt/format.h>

#include <string>

#include "control/cli/api_command.h"

namespace sluis {
namespace {

void print_alarms(const Json& alarms) {
    for (const Json& alarm : alarms)
        fmt::print("ALARM {}: {}\n", text_of(at(alarm, "name")), text_of(at(alarm, "message")));
}

void print_status(const Json& status, const Json& ports) {
    const Json &dataplane = at(status, "dataplane"), &rules = at(status, "ruleset");
    fmt::print("{:<10} {}\n", "version", text_of(at(status, "version")));
    fmt::print("{:<10} {}, pid {}, since {}, {} of {} workers move\n", "dataplane",
               at(dataplane, "running") == true ? "is running" : "is not running", text_of(at(dataplane, "pid")),
               time_text(at(dataplane, "started")), text_of(at(dataplane, "moving_workers")),
               text_of(at(dataplane, "workers")));
    if (at(rules, "in_force") == "")
        fmt::print("{:<10} not looked at yet; ask again in a moment\n", "rules");
    else
        fmt::print("{:<10} {}, sequence {}{}{}\n", "rules", text_of(at(rules, "in_force")),
                   text_of(at(rules, "sequence")), at(rules, "pending") == true ? ", on probation" : "",
                   at(rules, "expired") == true ? ", expired" : "");
    for (const Json& port : at(ports, "ports"))
        fmt::print("{:<10} {} {}{}: link {}, {} frames in, {} out, {} missed\n", "port", text_of(at(port, "pair")),
                   text_of(at(port, "side")), text_of(at(port, "set")).empty() ? "" : " of " + text_of(at(port, "set")),
                   text_of(at(port, "link")), text_of(at(port, "rx_frames")), text_of(at(port, "tx_frames")),
                   text_of(at(port, "missed_frames")));
    for (const Json& mode : at(status, "modes"))
        fmt::print("{:<10} {} is {} ({})\n", "mode", text_of(at(mode, "pair")), text_of(at(mode, "mode")),
                   text_of(at(mode, "cause")));
    for (const Json& pair : at(at(status, "guard"), "pairs"))
        fmt::print("{:<10} {}: {} since {} ({}), {} without a dataplane\n", "guard", text_of(at(pair, "pair")),
                   text_of(at(pair, "passage")), time_text(at(pair, "since")), text_of(at(pair, "cause")),
                   text_of(at(pair, "policy")));
    print_alarms(at(status, "alarms"));
}

int show_status(const ApiOptions& options) {
    const auto status = ask_for_json(options, {"GET", "/v1/status", "", "", false});
    if (!status) return status.error();
    if (print_as_json(options, *status)) return kExitOk;
    Json ports{{"ports", Json::array()}};
    if (at(at(*status, "dataplane"), "running") == true)
        if (auto found = ask_for_json(options, {"GET", "/v1/ports", "", "", false})) ports = std::move(*found);
    print_status(*status, ports);
    return kExitOk;
}

void print_drops(const Json& drops) {
    fmt::print("{:<26} {:<9} {:>14} {:>14} {:>14}  {}\n", "reason", "kind", "drops", "blocks", "errors", "");
    for (const Json& reason : at(drops, "reasons"))
        if (at(reason, "drops") != 0 || at(reason, "blocks") != 0 || at(reason, "errors") != 0)
            fmt::print("{:<26} {:<9} {:>14} {:>14} {:>14}  {}\n", text_of(at(reason, "reason")),
                       text_of(at(reason, "kind")), text_of(at(reason, "drops")), text_of(at(reason, "blocks")),
                       text_of(at(reason, "errors")), text_of(at(reason, "meaning")));
}

void print_stats(const Json& stats) {
    for (const auto& [name, value] : at(stats, "total").members()) {
        if (!value.is_object()) {
            fmt::print("{:<32} {:>16}\n", name, text_of(value));
            continue;
        }
        for (const auto& [protocol, count] : value.members())
            fmt::print("{:<32} {:>16}\n", name + "." + protocol, text_of(count));
    }
    for (const Json& worker : at(stats, "workers"))
        fmt::print("worker {} of {}: {}, {:.1f} % busy\n", text_of(at(worker, "worker")), text_of(at(worker, "pair")),
                   at(worker, "moving") == true ? "moves" : "DOES NOT MOVE", 100 * at(worker, "busy_ratio").number());
}

int show_stats(const ApiOptions& options) {
    const auto stats = ask_for_json(options, {"GET", options.drops ? "/v1/stats/drops" : "/v1/stats", "", "", false});
    if (!stats) return stats.error();
    if (print_as_json(options, *stats)) return kExitOk;
    if (options.drops)
        print_drops(*stats);
    else
        print_stats(*stats);
    return kExitOk;
}

}  // namespace

void add_status_commands(const Command& app) {
    const auto options = std::make_shared<ApiOptions>();
    add_api_command(app, "status", "Show how a box is, with every alarm", show_status, options);
    add_api_command(app, "stats", "Show what a box has counted", show_stats, options)
        .add_flag("--drops", options->drops, "By reason: what was dropped, refused, or met");
}

}  // namespace sluis
