// sluisctl bundle: make.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_maker.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/message_reader.h"
#include "control/cli/bundle_command.h"
#include "control/rules/shipped_rules.h"

namespace sluis {
namespace {

struct Options {
    BundlePlan plan;
    std::string created;
    std::string expires;
    std::string output;
};

/// --created, else SOURCE_DATE_EPOCH, else now.
tl::expected<std::int64_t, std::string> creation_time(const std::string& option) {
    const auto given = read_time_option("--created", option);
    if (!given) return tl::unexpected(given.error());
    if (*given) return **given;
    const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
    if (epoch == nullptr) return system_time();
    const auto time = parse_time("@" + std::string(epoch));
    if (time) return *time;
    return tl::unexpected<std::string>("SOURCE_DATE_EPOCH is no number of seconds since 1970");
}

int make(const Options& options) {
    BundlePlan plan = options.plan;
    const auto created = creation_time(options.created);
    if (!created) return fail_command(created.error()), kExitUsage;
    const auto expires = read_time_option("--expires", options.expires);
    if (!expires) return fail_command(expires.error()), kExitUsage;
    plan.created = *created;
    plan.expires = expires->value_or(0);
    if (plan.expires <= plan.created)
        return fail_command(fmt::format("--expires: {} is not after {}, when the bundle is made; write a later time",
                                        options.expires, format_time(plan.created))),
               kExitFailed;
    if (plan.sources.empty()) {
        const auto shipped = find_shipped_rules();
        if (!shipped) return fail_command(shipped.error());
        plan.sources.push_back(*shipped);
    }
    const auto bundle = make_rule_bundle(plan);
    if (!bundle) {
        for (const std::string& line : bundle.error()) fail_command(line);
        return kExitFailed;
    }
    wire::Envelope envelope;
    envelope.set_payload(write_message(*bundle));
    if (const int status = save_file(options.output, write_message(envelope)); status != kExitOk) return status;
    fmt::print("{}: sequence {}, {} files, {} self-tests, {} bytes, digest {}; not signed yet\n", options.output,
               bundle->sequence(), bundle->blobs_size(), bundle->tests_size(), envelope.payload().size(),
               to_hex(payload_digest(envelope)));
    return kExitOk;
}

}  // namespace

void add_bundle_make_commands(CLI::App& group, int& status) {
    // CLI11 reads "-1" into an unsigned number, as strtoull(3) does.
    const CLI::Validator not_negative(
        [](const std::string& text) {
            return std::string(text.starts_with('-') ? text + " is no sequence; write a whole number above 0" : "");
        },
        "");
    const auto options = std::make_shared<Options>();
    BundlePlan& plan = options->plan;
    CLI::App* command =
        add_command(group, "make", "Make a bundle of rule source, without signatures", make, options, status);
    command->add_option("-o,--output", options->output, "The bundle to write")->required()->option_text("FILE");
    command->add_option("--sequence", plan.sequence, "Higher than that of every bundle before")
        ->required()
        ->check(not_negative)
        ->option_text("NUMBER");
    command
        ->add_option("--min-sequence", plan.min_sequence,
                     "Once this bundle is confirmed, none below is installed any more")
        ->check(not_negative)
        ->option_text("NUMBER [0]");
    command->add_option("--expires", options->expires, "From when on it is not installed any more")
        ->required()
        ->option_text("TIME");
    command->add_option("--created", options->created, "By default SOURCE_DATE_EPOCH, or now")->option_text("TIME");
    command->add_option("--board", plan.boards, "A board that it is for, or \"*\" for all; may be repeated")
        ->required()
        ->option_text("NAME")
        ->allow_extra_args(false);
    command->add_option("--tests", plan.test_files, "A file of self-tests; may be repeated")
        ->option_text("FILE")
        ->allow_extra_args(false);
    command->add_option("--origin", plan.origin, "Where the source comes from: a revision, say")->option_text("TEXT");
    command->add_option("--notes", plan.notes, "What is new, for people")->option_text("TEXT");
    command
        ->add_option_function<std::uint32_t>(
            "--max-rules", [options](std::uint32_t value) { options->plan.limits.set_rules(value); },
            "Refuse to load more rules")
        ->option_text("NUMBER");
    command
        ->add_option_function<std::uint64_t>(
            "--max-compiled-bytes", [options](std::uint64_t value) { options->plan.limits.set_compiled_bytes(value); },
            "Refuse a larger compiled set")
        ->option_text("BYTES");
    command
        ->add_option_function<std::uint32_t>(
            "--max-compile-ms", [options](std::uint32_t value) { options->plan.limits.set_compile_ms(value); },
            "Refuse to install what takes more processor time to compile and test")
        ->option_text("MILLISECONDS");
    command->add_option("SOURCE", plan.sources, "Rule files (*.toml) or folders of them; the shipped set by default")
        ->option_text("...");
}

}  // namespace sluis
