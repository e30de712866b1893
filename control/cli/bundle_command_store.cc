// sluisctl rules: install, confirm, rollback, status, boot; sluisctl keys: install.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"
#include "control/bundle/hexadecimal.h"
#include "control/cli/bundle_command.h"
#include "control/rules/atomic_file.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

struct Options {
    StoreOptions store;
    std::vector<std::string> files;
    std::string now;
    std::string output;
    bool accept_clock = false;
    bool confirm = false;
    bool dry_run = false;
    bool json = false;
};

Checked<BundleStore> open_store(const Options& options) { return BundleStore::open(options.store); }

int install(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto file = read_whole_file(options.files[0], kEnvelopeLimit);
    if (!file) return fail_command(options.files[0], file.error());
    auto store = open_store(options);
    if (!store) return fail_command(describe(store.error()));
    const auto outcome = [&] {
        const WaitingLine line("verifying, compiling and testing");
        return options.dry_run ? store->dry_run(*file, *now, options.accept_clock)
                               : store->install(*file, *now, options.accept_clock);
    }();
    if (!outcome) return fail_command(options.files[0], outcome.error());
    if (options.confirm && !options.dry_run) {
        if (auto confirmed = store->confirm(); !confirmed) return fail_command(describe(confirmed.error()));
    }
    const char* what = options.dry_run   ? "would be installed"
                       : options.confirm ? "installed"
                                         : "installed, on probation";
    fmt::print("{}: {}: sequence {}, {} rules, digest {}\n", options.files[0], what, outcome->bundle.content.sequence(),
               outcome->trial.rules, to_hex(outcome->bundle.digest));
    return kExitOk;
}

int confirm(const Options& options) {
    auto store = open_store(options);
    if (!store) return fail_command(describe(store.error()));
    if (auto confirmed = store->confirm(); !confirmed) return fail_command(describe(confirmed.error()));
    fmt::print("sequence {} is confirmed, the floor is {}\n", store->state().current().sequence(),
               store->state().floor());
    return kExitOk;
}

int roll_back(const Options& options) {
    auto store = open_store(options);
    if (!store) return fail_command(describe(store.error()));
    const auto origin = store->roll_back();
    if (!origin) return fail_command(describe(origin.error()));
    if (*origin == RuleOrigin::factory) {
        fmt::print("the factory's rules are in force\n");
    } else {
        fmt::print("sequence {} is in force again\n", store->state().current().sequence());
    }
    return kExitOk;
}

int install_keys(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    std::vector<std::string> files;
    for (const std::string& path : options.files) {
        auto file = read_whole_file(path, kKeySetEnvelopeLimit);
        if (!file) return fail_command(path, file.error());
        files.push_back(std::move(*file));
    }
    auto store = open_store(options);
    if (!store) return fail_command(describe(store.error()));
    const auto version = store->install_keys(files, *now, options.accept_clock);
    if (!version) return fail_command("the key sets", version.error());
    fmt::print("key set {} is trusted\n", *version);
    return kExitOk;
}

json describe_stored(bool there, const wire::StoredBundle& bundle) {
    if (!there) return nullptr;
    return {{"sequence", bundle.sequence()},
            {"min_sequence", bundle.min_sequence()},
            {"sha256", to_hex(bundle.sha256())},
            {"key_set", bundle.key_set_version()}};
}

json describe_boot(const BundleStore& store, const BootOutcome& boot) {
    const wire::StoreState& state = store.state();
    json alarms = json::array();
    for (const StoreAlarm& alarm : boot.alarms) alarms.push_back({{"alarm", alarm.name}, {"message", alarm.message}});
    json all{{"in_force", origin_name(boot.origin)},
             {"sequence", boot.bundle.content.sequence()},
             {"sha256", boot.origin == RuleOrigin::none ? "" : to_hex(boot.bundle.digest)},
             {"expires", boot.origin == RuleOrigin::none ? "" : format_time(boot.bundle.content.expires())},
             {"expired", boot.bundle.expired},
             {"pending", state.pending()},
             {"current", describe_stored(state.has_current(), state.current())},
             {"previous", describe_stored(state.has_previous(), state.previous())},
             {"installed_sequence", state.installed_sequence()},
             {"floor", state.floor()},
             {"wanted_floor", state.wanted_floor()},
             {"rolled_back_sha256", to_hex(state.rolled_back_sha256())},
             {"key_set", store.keys().version},
             {"key_set_expires", format_time(store.keys().expires)},
             {"development_keys", store.keys().development},
             {"alarms", std::move(alarms)}};
    return all;
}

void print_boot(const json& all, bool as_json) {
    if (as_json) {
        fmt::print("{}\n", all.dump(2, ' ', false, json::error_handler_t::replace));
        return;
    }
    for (const auto& [key, value] : all.items()) {
        if (key == "alarms") continue;
        fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    for (const json& alarm : all["alarms"])
        fmt::print("ALARM {}: {}\n", alarm["alarm"].get<std::string>(), alarm["message"].get<std::string>());
}

int status_of(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto store = BundleStore::open_to_look(options.store);
    if (!store) return fail_command(describe(store.error()));
    print_boot(describe_boot(*store, store->boot(*now, false)), options.json);
    return kExitOk;
}

int boot(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto store = BundleStore::open_to_boot(options.store);
    if (!store) return fail_command(describe(store.error()));
    const BootOutcome outcome = [&] {
        const WaitingLine line("compiling the rules in force");
        return store->boot(*now, true);
    }();
    print_boot(describe_boot(*store, outcome), options.json);
    if (outcome.origin == RuleOrigin::none) return fail_command("there are no rules to start with");
    if (options.output.empty()) return kExitOk;
    const auto written = write_file_atomically(options.output, outcome.trial->compiled);
    return written ? kExitOk : fail_command(written.error());
}

void add_store(CLI::App& command, Options& options) {
    command.add_option("--store", options.store.directory, "Where the box keeps its bundles")
        ->option_text("DIRECTORY [" + options.store.directory + "]");
    command.add_option("--factory", options.store.factory_bundle, "The bundle that the image brings")
        ->option_text("FILE [" + options.store.factory_bundle + "]");
    command.add_option("--factory-keys", options.store.factory_keys, "The key set that the image brings")
        ->option_text("FILE [" + options.store.factory_keys + "]");
    command.add_option("--board", options.store.board, "This box's board; by default any bundle's will do")
        ->option_text("NAME");
    command.add_option("--now", options.now, "The time to judge by; by default the clock's")->option_text("TIME");
}

void add_clock(CLI::App& command, Options& options) {
    command.add_flag("--accept-clock", options.accept_clock, "Go on when the clock was not set");
}

void add_output(CLI::App& command, Options& options) {
    command.add_flag("--json", options.json, "Print JSON instead of text");
}

}  // namespace

void add_store_commands(CLI::App& rules, CLI::App& keys, int& status) {
    const auto options = std::make_shared<Options>();
    options->store.factory_bundle = SLUIS_FACTORY_FOLDER "/factory.bundle";
    options->store.factory_keys = SLUIS_FACTORY_FOLDER "/factory.keyset";
    CLI::App* command =
        add_command(rules, "install", "Verify a signed bundle and make it the current one", install, options, status);
    command->add_option("BUNDLE", options->files, "A signed bundle")->required()->expected(1)->option_text(" ");
    command->add_flag("--confirm", options->confirm, "Without probation");
    command->add_flag("--dry-run", options->dry_run, "Make all checks, and install nothing");
    add_clock(*command, *options);
    add_store(*command, *options);
    add_store(*add_command(rules, "confirm", "End the probation of the current bundle", confirm, options, status),
              *options);
    add_store(
        *add_command(rules, "rollback", "Go back to the previous bundle, or the factory's", roll_back, options, status),
        *options);
    command =
        add_command(rules, "status", "Show which rules are in force, and what is wrong", status_of, options, status);
    add_store(*command, *options);
    add_output(*command, *options);
    command = add_command(rules, "boot", "Choose and compile the rules to start with", boot, options, status);
    command->add_option("-o,--output", options->output, "Where to write the compiled set")->option_text("FILE");
    add_store(*command, *options);
    add_output(*command, *options);
    command = add_command(keys, "install", "Trust the successors of the newest key set", install_keys, options, status);
    command->add_option("SET", options->files, "Key sets, in order")->required()->option_text("...");
    add_clock(*command, *options);
    add_store(*command, *options);
}

}  // namespace sluis
