// sluisctl rules: install, confirm, rollback, status, boot; sluisctl keys: install; sluisctl freshness: install.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/bundle_store.h"
#include "control/bundle/freshness.h"
#include "control/bundle/hexadecimal.h"
#include "control/cli/bundle_command.h"
#include "control/cli/command_options.h"
#include "control/cli/json.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {
namespace {

struct Options {
    StoreOptions store;
    std::vector<std::string> files;
    std::string now;
    std::string output;
    std::uint32_t probation = kProbationDefault;
    bool accept_clock = false;
    bool confirm = false;
    bool dry_run = false;
    bool json = false;
};

void report_expired(std::uint64_t sequence) {
    fmt::print(stderr, "sluisctl: sequence {} was not confirmed in time, and is rolled back\n", sequence);
}

/// For the one writer; what was not confirmed in time is rolled back first.
Checked<BundleStore> open_store(const Options& options, std::int64_t now) {
    auto store = BundleStore::open(options.store);
    if (!store) return store;
    const std::uint64_t sequence = store->state().current().sequence();
    const auto expired = store->expire_probation(now);
    if (!expired) return tl::unexpected(expired.error());
    if (*expired) report_expired(sequence);
    return store;
}

/// Makes all checks, and writes nothing.
Checked<InstallOutcome> dry_run(const Options& options, const std::string& file, std::int64_t now) {
    const auto store = BundleStore::open_to_look(options.store);
    if (!store) return tl::unexpected(store.error());
    const WaitingLine line("verifying, compiling and testing");
    return store->dry_run(file, now, options.accept_clock);
}

Checked<InstallOutcome> install_file(const Options& options, const std::string& file, std::int64_t now) {
    auto store = open_store(options, now);
    if (!store) return tl::unexpected(store.error());
    auto outcome = [&] {
        const WaitingLine line("verifying, compiling and testing");
        return store->install(file, now, options.accept_clock, options.confirm ? 0 : options.probation);
    }();
    if (!outcome || !options.confirm) return outcome;
    if (auto confirmed = store->confirm(now); !confirmed) return tl::unexpected(confirmed.error());
    return outcome;
}

int install(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto file = read_whole_file(options.files[0], kEnvelopeLimit);
    if (!file) return fail_command(options.files[0], file.error());
    const auto outcome = options.dry_run ? dry_run(options, *file, *now) : install_file(options, *file, *now);
    if (!outcome) return fail_command(options.files[0], outcome.error());
    const std::string what = options.dry_run   ? "would be installed"
                             : options.confirm ? "installed"
                             : options.probation == 0
                                 ? "installed, on probation"
                                 : fmt::format("installed, to be confirmed in {} s", options.probation);
    fmt::print("{}: {}: sequence {}, {} rules, digest {}\n", options.files[0], what, outcome->bundle.content.sequence(),
               outcome->trial.rules, to_hex(outcome->bundle.digest));
    return kExitOk;
}

int confirm(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    auto store = BundleStore::open(options.store);
    if (!store) return fail_command(describe(store.error()));
    if (auto confirmed = store->confirm(*now); !confirmed) return fail_command(describe(confirmed.error()));
    fmt::print("sequence {} is confirmed, the floor is {}\n", store->state().current().sequence(),
               store->state().floor());
    return kExitOk;
}

int roll_back(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    auto store = BundleStore::open(options.store);
    if (!store) return fail_command(describe(store.error()));
    // One step back is asked for, and the end of a probation is one.
    const auto expired = store->expire_probation(*now);
    if (!expired) return fail_command(describe(expired.error()));
    if (!*expired) {
        if (const auto origin = store->roll_back(); !origin) return fail_command(describe(origin.error()));
    }
    if (store->state().has_current()) {
        fmt::print("sequence {} is in force again\n", store->state().current().sequence());
    } else {
        fmt::print("the factory's rules are in force\n");
    }
    return kExitOk;
}

int install_note(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto file = read_whole_file(options.files[0], kFreshnessLimit);
    if (!file) return fail_command(options.files[0], file.error());
    auto store = open_store(options, *now);
    if (!store) return fail_command(describe(store.error()));
    const auto note = store->take_note(*file, *now);
    if (!note) return fail_command(options.files[0], note.error());
    const BootOutcome boot = store->boot(*now, false);
    if (boot.origin == RuleOrigin::none) return fail_command("the note is kept, and there are no rules in force");
    if (auto right = check_note_bundle(*note, boot.bundle.content.sequence(), boot.bundle.digest); !right)
        return fail_command(describe(right.error()));
    fmt::print("sequence {} is in force; {} was the newest at {}\n", boot.bundle.content.sequence(), note->sequence,
               format_time(note->issued));
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
    auto store = open_store(options, *now);
    if (!store) return fail_command(describe(store.error()));
    const auto version = store->install_keys(files, *now, options.accept_clock);
    if (!version) return fail_command("the key sets", version.error());
    fmt::print("key set {} is trusted\n", *version);
    return kExitOk;
}

Json describe_stored(bool there, const wire::StoredBundle& bundle) {
    if (!there) return nullptr;
    return {{"sequence", bundle.sequence()},
            {"min_sequence", bundle.min_sequence()},
            {"sha256", to_hex(bundle.sha256())},
            {"key_set", bundle.key_set_version()}};
}

Json describe_note(const std::optional<FreshnessNote>& note) {
    if (!note) return nullptr;
    return {{"sequence", note->sequence},
            {"sha256", to_hex(note->bundle)},
            {"issued", format_time(note->issued)},
            {"expires", format_time(note->expires)}};
}

Json describe_boot(const BundleStore& store, const BootOutcome& boot) {
    const wire::StoreState& state = store.state();
    Json alarms = Json::array();
    for (const StoreAlarm& alarm : boot.alarms) alarms.push_back({{"alarm", alarm.name}, {"message", alarm.message}});
    Json all{{"in_force", origin_name(boot.origin)},
             {"sequence", boot.bundle.content.sequence()},
             {"sha256", boot.origin == RuleOrigin::none ? "" : to_hex(boot.bundle.digest)},
             {"expires", boot.origin == RuleOrigin::none ? "" : format_time(boot.bundle.content.expires())},
             {"expired", boot.bundle.expired},
             {"pending", state.pending()},
             {"probation_ends", store.probation_end() ? Json(format_time(*store.probation_end())) : Json(nullptr)},
             {"current", describe_stored(state.has_current(), state.current())},
             {"previous", describe_stored(state.has_previous(), state.previous())},
             {"installed_sequence", state.installed_sequence()},
             {"floor", state.floor()},
             {"wanted_floor", state.wanted_floor()},
             {"rolled_back_sha256", to_hex(state.rolled_back_sha256())},
             {"newest", describe_note(store.newest_note())},
             {"key_set", store.keys().version},
             {"key_set_expires", format_time(store.keys().expires)},
             {"development_keys", store.keys().development},
             {"alarms", std::move(alarms)}};
    return all;
}

void print_boot(const Json& all, bool as_json) {
    if (as_json) {
        print_json(all);
        return;
    }
    for (const auto& [key, value] : all.members()) {
        if (key == "alarms") continue;
        fmt::print("{:<20} {}\n", key, value.text());
    }
    for (const Json& alarm : at(all, "alarms"))
        fmt::print("ALARM {}: {}\n", at(alarm, "alarm").text(), at(alarm, "message").text());
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
    auto store = BundleStore::open_to_boot(options.store);
    if (!store) return fail_command(describe(store.error()));
    const std::uint64_t sequence = store->state().current().sequence();
    // What fails of it is an alarm: there are rules all the same.
    if (const auto expired = store->expire_probation(*now); expired && *expired) report_expired(sequence);
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

void add_store(const Command& command, Options& options) {
    command.add_option("--store", options.store.directory, "Where the box keeps its bundles")
        .takes("DIRECTORY [" + options.store.directory + "]");
    command.add_option("--factory", options.store.factory_bundle, "The bundle that the image brings")
        .takes("FILE [" + options.store.factory_bundle + "]");
    command.add_option("--factory-keys", options.store.factory_keys, "The key set that the image brings")
        .takes("FILE [" + options.store.factory_keys + "]");
    command.add_option("--board", options.store.board, "This box's board; by default any bundle's will do")
        .takes("NAME");
    command.add_option("--now", options.now, "The time to judge by; by default the clock's").takes("TIME");
}

void add_clock(const Command& command, Options& options) {
    command.add_flag("--accept-clock", options.accept_clock, "Go on when the clock was not set");
}

void add_output(const Command& command, Options& options) { add_format_option(command, options.json); }

}  // namespace

void add_store_commands(const Command& rules, const Command& keys, const Command& freshness) {
    const auto options = std::make_shared<Options>();
    options->store.factory_bundle = SLUIS_FACTORY_FOLDER "/factory.bundle";
    options->store.factory_keys = SLUIS_FACTORY_FOLDER "/factory.keyset";
    Command command =
        rules.add_command("install", "Verify a signed bundle and make it the current one", install, options);
    command.add_option("BUNDLE", options->files, "A signed bundle").required().expected(1, 1).takes(" ");
    command
        .add_option("--probation", options->probation,
                    "Roll it back when it is not confirmed in so many seconds; 0: when somebody does")
        .between(std::uint32_t{0}, kProbationLimit)
        .takes(fmt::format("SECONDS [{}]", kProbationDefault));
    command.add_flag("--confirm", options->confirm, "Without probation");
    command.add_flag("--dry-run", options->dry_run, "Make all checks, and install nothing");
    add_clock(command, *options);
    add_store(command, *options);
    add_store(rules.add_command("confirm", "End the probation of the current bundle", confirm, options), *options);
    add_store(rules.add_command("rollback", "Go back to the previous bundle, or the factory's", roll_back, options),
              *options);
    command = rules.add_command("status", "Show which rules are in force, and what is wrong", status_of, options);
    add_store(command, *options);
    add_output(command, *options);
    command = rules.add_command("boot", "Choose and compile the rules to start with", boot, options);
    command.add_option("--compiled", options->output, "Where to write the compiled set").takes("FILE");
    add_store(command, *options);
    add_output(command, *options);
    command = keys.add_command("install", "Trust the successors of the newest key set", install_keys, options);
    command.add_option("SET", options->files, "Key sets, in order").required().takes("...");
    add_clock(command, *options);
    add_store(command, *options);
    command = freshness.add_command("install", "Take note of which bundle is the newest", install_note, options);
    command.add_option("NOTE", options->files, "A signed freshness note").required().expected(1, 1).takes(" ");
    add_store(command, *options);
}

}  // namespace sluis
