// sluisctl freshness: make, payload, sign, show, verify.
#include <fmt/format.h>

#include <cstdio>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/freshness.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/store_files.h"
#include "control/cli/bundle_command.h"
#include "control/cli/bundle_command_sign.h"
#include "control/cli/command_options.h"
#include "control/cli/json.h"

namespace sluis {
namespace {

struct Options {
    std::string file;
    std::string bundle;
    std::string output;
    std::string issued;
    std::string expires;
    std::string now;
    std::vector<std::string> key_sets;
    bool json = false;
};

/// What a note is compared with: the bundle's own word for its sequence, whoever has signed it.
struct NamedBundle {
    std::uint64_t sequence = 0;
    Sha256 digest{};
};

Checked<NamedBundle> load_bundle(const std::string& path) {
    const auto envelope = load_envelope(path, kEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    const auto content = read_rule_bundle(envelope->payload());
    if (!content) return tl::unexpected(content.error());
    return NamedBundle{content->sequence(), payload_digest(*envelope)};
}

int make(const Options& options) {
    const auto issued = read_time_option("--issued", options.issued);
    if (!issued) return fail_command(issued.error()), kExitUsage;
    const auto expires = read_time_option("--expires", options.expires);
    if (!expires) return fail_command(expires.error()), kExitUsage;
    const auto bundle = load_bundle(options.bundle);
    if (!bundle) return fail_command(options.bundle, bundle.error());
    wire::Freshness note;
    note.set_sequence(bundle->sequence);
    note.set_bundle_sha256(std::string(bundle->digest.begin(), bundle->digest.end()));
    note.set_issued(issued->value_or(system_time()));
    note.set_expires(expires->value_or(0));
    wire::Envelope envelope;
    envelope.set_payload(write_message(note));
    if (const auto right = read_freshness_content(envelope.payload()); !right)
        return fail_command(options.output, right.error());
    if (const int status = save_file(options.output, write_message(envelope)); status != kExitOk) return status;
    fmt::print("{}: sequence {} was the newest at {}, and is until {}; not signed yet\n", options.output,
               note.sequence(), format_time(note.issued()), format_time(note.expires()));
    return kExitOk;
}

void print_note(const FreshnessNote& note, const Json& signers, const Options& options) {
    const Json all{{"sequence", note.sequence},
                   {"sha256", to_hex(note.bundle)},
                   {"issued", format_time(note.issued)},
                   {"expires", format_time(note.expires)},
                   {"signed_by", signers}};
    if (options.json) {
        print_json(all);
        return;
    }
    for (const auto& [key, value] : all.members()) fmt::print("{:<20} {}\n", key, value.text());
}

int show(const Options& options) {
    const auto envelope = load_envelope(options.file, kFreshnessLimit);
    if (!envelope) return fail_command(options.file, envelope.error());
    const auto note = read_freshness_content(envelope->payload());
    if (!note) return fail_command(options.file, note.error());
    Json signers = Json::array();
    for (const auto& each : envelope->signatures()) signers.push_back(to_hex(each.key_id()));
    print_note(*note, signers, options);
    if (!options.json) fmt::print("Nothing of this was verified: see 'sluisctl freshness verify'.\n");
    return kExitOk;
}

/// Every check that a box makes, but for its memory of the note before.
Checked<FreshnessNote> verify_note(const Options& options, std::int64_t now) {
    const auto keys = load_key_sets(options.key_sets);
    if (!keys) return tl::unexpected(keys.error());
    const auto file = read_whole_file(options.file, kFreshnessLimit);
    if (!file) return tl::unexpected(file.error());
    auto note = read_freshness_note(as_bytes(*file), *keys);
    if (!note) return note;
    if (auto right = check_note_times(*note, now); !right) return tl::unexpected(right.error());
    if (options.bundle.empty()) return note;
    const auto bundle = load_bundle(options.bundle);
    if (!bundle) return tl::unexpected(bundle.error());
    if (auto right = check_note_bundle(*note, bundle->sequence, bundle->digest); !right)
        return tl::unexpected(right.error());
    return note;
}

int verify(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    const auto note = verify_note(options, *now);
    if (!note) return fail_command(options.file, note.error());
    print_note(*note, Json::array({to_hex(note->signer)}), options);
    return kExitOk;
}

void add_file(const Command& command, Options& options) {
    command.add_option("NOTE", options.file, "A freshness note").required().takes(" ");
    add_format_option(command, options.json);
}

void add_make(const Command& group, const std::shared_ptr<Options>& options) {
    Command command =
        group.add_command("make", "Say that a bundle is the newest one, without signatures", make, options);
    command.add_option("-o,--output", options->output, "The note to write").required().takes("FILE");
    command.add_option("--bundle", options->bundle, "The newest bundle").required().takes("FILE");
    command.add_option("--expires", options->expires, "By when there will be another note").required().takes("TIME");
    command.add_option("--issued", options->issued, "When it was the newest; by default now").takes("TIME");
}

}  // namespace

Command add_freshness_commands(const Command& app) {
    Command group = app.add_group("freshness", "Say which bundle is the newest, and check who says so");
    const auto options = std::make_shared<Options>();
    add_make(group, options);
    add_sign_commands(group, Purpose::freshness);
    Command command = group.add_command("show", "Show what a note says, without verifying it", show, options);
    add_file(command, *options);
    command = group.add_command("verify", "Make every check that a box makes", verify, options);
    add_file(command, *options);
    command.add_option("--keys", options->key_sets, "The first key set that is trusted, and its successors in order")
        .required()
        .takes("FILE")
        .repeated();
    command.add_option("--bundle", options->bundle, "A bundle that has to be the newest").takes("FILE");
    command.add_option("--now", options->now, "The time to judge by; by default the clock's").takes("TIME");
    return group;
}

}  // namespace sluis
