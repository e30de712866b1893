// sluisctl dataplane: what the dataplane judges by, and another one offered to it.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "control/bundle/store_files.h"
#include "control/cli/command_options.h"
#include "control/cli/commands.h"
#include "control/cli/json.h"
#include "control/cli/standard_error.h"
#include "control/dataplane_link/dataplane_link.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/zone_table.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

struct Options {
    std::string runtime = Config{}.runtime_directory;
    std::string rules, zones;
    bool json = false;
};

/// What the dataplane says against it is a refusal; without an answer nobody is there.
int fail(const DataplaneLink::Error& error) {
    fail_command(error.message);
    return error.code == command::UNKNOWN ? kExitUnreachable : kExitRefused;
}

/// A whole regular file of at most `limit` bytes; nothing where no path is given.
tl::expected<std::optional<std::string>, std::string> read_object(const std::string& path, std::size_t limit) {
    if (path.empty()) return std::nullopt;
    auto read = read_whole_file(path, limit);
    if (!read) return tl::unexpected(read.error().message);
    return std::optional(std::move(*read));
}

Json state_json(const command::State& state) {
    Json pairs = Json::array();
    for (const command::Pair& pair : state.pairs())
        pairs.push_back({{"name", pair.name()},
                         {"set", pair.set()},
                         {"workers", pair.workers()},
                         {"mode", pair.mode()},
                         {"cause", pair.cause()},
                         {"author", pair.author()},
                         {"reason", pair.reason()},
                         {"since", pair.since()},
                         {"until", pair.until()},
                         {"taken_up", pair.taken_up()}});
    return {{"generation", state.generation()},
            {"mode", state.mode()},
            {"rules", state.rules()},
            {"rules_digest", state.rules_digest()},
            {"zones", state.zones()},
            {"zones_digest", state.zones_digest()},
            {"policy", state.policy()},
            {"pairs", std::move(pairs)},
            {"uptime_seconds", state.uptime_seconds()},
            {"config", state.config()},
            {"config_digest", state.config_digest()},
            {"supervised", state.supervised()},
            {"pid", state.pid()}};
}

void print_state(const command::State& state) {
    fmt::print("sluis-dataplane, pid {}, {}, for {} s\n", state.pid(), state.mode(), state.uptime_seconds());
    fmt::print("  generation  {}\n", state.generation());
    fmt::print("  rules       {}, digest {}\n", state.rules(), state.rules_digest());
    if (state.zones_digest().empty())
        fmt::print("  zones       none: [policy] of its configuration holds for everybody\n");
    else
        fmt::print("  zones       {}, policy {}, digest {}\n", state.zones(), state.policy(), state.zones_digest());
    for (const command::Pair& pair : state.pairs())
        fmt::print("  pair        {}{}, {} worker(s), {}{}\n", pair.name(),
                   pair.set().empty() ? "" : fmt::format(" of {}", pair.set()), pair.workers(), pair.mode(),
                   pair.reason().empty() ? "" : ": " + pair.reason());
}

int print(const DataplaneLink::Result<command::State>& state, const Options& options) {
    if (!state) return fail(state.error());
    if (options.json)
        print_json(state_json(*state));
    else
        print_state(*state);
    return kExitOk;
}

int show_state(const Options& options) {
    auto link = DataplaneLink::connect(options.runtime);
    return link ? print(link->state(), options) : fail(link.error());
}

int offer(const Options& options) {
    const auto rules = read_object(options.rules, kCompiledSetLimit);
    if (!rules) return fail_command(rules.error());
    const auto zones = read_object(options.zones, kZoneTableLimit);
    if (!zones) return fail_command(zones.error());
    const auto object = [](const std::optional<std::string>& bytes) {
        return bytes ? std::optional<Bytes>(std::as_bytes(std::span(*bytes))) : std::nullopt;
    };
    auto link = DataplaneLink::connect(options.runtime);
    if (!link) return fail(link.error());
    const auto state = link->offer(object(*rules), object(*zones));
    if (state) return print(state, options);
    const char* const between = *rules && *zones ? ", " : "";
    return fail({state.error().code, options.rules + between + options.zones + ": " + state.error().message});
}

void add_common(const Command& command, Options& options) {
    add_runtime_option(command, options.runtime);
    add_format_option(command, options.json);
}

}  // namespace

void add_dataplane_commands(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command group = app.add_group("dataplane", "What the running dataplane judges by");
    Command state = group.add_command("state", "Show the rules, zones and ports in force", show_state, options);
    add_common(state, *options);
    Command offering = group.add_command(
        "offer", "Have it judge by other rules, or another policy, from the next burst on", offer, options);
    add_common(offering, *options);
    const Command objects = offering.add_options_together("what is offered", 1, 2);
    objects.add_option("--rules", options->rules, "A compiled set; sluisctl rules compile makes one").takes("COMPILED");
    objects.add_option("--policy", options->zones, "A zone table that was made for these rules").takes("ZONETABLE");
}

}  // namespace sluis
