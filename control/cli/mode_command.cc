// sluisctl mode: how a box runs its port pairs, through sluis-control.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "control/cli/api_job.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis {
namespace {

struct Options {
    ApiOptions api;
    std::string pair, mode, reason;
    std::uint32_t seconds = 0;
};

int show(const Options& options) {
    const auto status = ask_for_json(options.api, {"GET", "/v1/status", "", "", false});
    if (!status) return status.error();
    const Json& modes = at(*status, "modes");
    if (print_as_json(options.api, Json{{"modes", modes}})) return kExitOk;
    for (const Json& mode : modes) {
        fmt::print("{:<15} {:<8} {:<13} since {}", text_of(at(mode, "pair")), text_of(at(mode, "mode")),
                   text_of(at(mode, "cause")), time_text(at(mode, "since")));
        if (at(mode, "until") != 0) fmt::print(" until {}", time_text(at(mode, "until")));
        if (at(mode, "author") != "") fmt::print(", by {}", text_of(at(mode, "author")));
        if (at(mode, "reason") != "") fmt::print(": {}", text_of(at(mode, "reason")));
        fmt::print("\n");
    }
    return kExitOk;
}

int set(const Options& options) {
    return order_job(options.api, "/v1/mode",
                     {{"pair", options.pair},
                      {"mode", options.mode},
                      {"reason", options.reason},
                      {"duration_seconds", options.seconds}});
}

}  // namespace

void add_mode_commands(const Command& app) {
    Command group = app.add_group("mode", "Show and change how port pairs are run through sluis-control");
    const auto options = std::make_shared<Options>();
    Command command =
        group.add_command("show", "Show each pair's mode, why, since when, and who says so", show, options);
    add_api_options(command, options->api);
    command = group.add_command("set", "Run a pair inline, on monitor, as a wire, or closed, from the next frame on",
                                set, options);
    add_api_options(command, options->api);
    command.add_option("PAIR", options->pair, "Its name in the configuration, or its set's").required().takes(" ");
    command.add_option("MODE", options->mode, "inline, monitor, wire or closed")
        .required()
        .takes(" ")
        .one_of(std::vector<std::string>(kPairModeNames.begin(), kPairModeNames.end()));
    command.add_option("--reason", options->reason, "Why: shown for as long as it holds").required().takes("TEXT");
    command.add_option("--for", options->seconds, "After so many seconds it is run as before; by default it stays")
        .takes("SECONDS");
}

}  // namespace sluis
