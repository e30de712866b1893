// sluisctl bundle: make.
#include <fmt/format.h>

#include <cstdint>
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
    std::uint32_t max_rules = 0, max_compile_ms = 0;  ///< 0: no bound of the bundle's own
    std::uint64_t max_compiled_bytes = 0;
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
    plan.limits.set_rules(options.max_rules);
    plan.limits.set_compiled_bytes(options.max_compiled_bytes);
    plan.limits.set_compile_ms(options.max_compile_ms);
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

void add_bundle_make_commands(const Command& group) {
    // CLI11 reads "-1" into an unsigned number, as strtoull(3) does.
    const auto not_negative = [](const std::string& text) {
        return std::string(text.starts_with('-') ? text + " is no sequence; write a whole number above 0" : "");
    };
    const auto options = std::make_shared<Options>();
    BundlePlan& plan = options->plan;
    Command command = group.add_command("make", "Make a bundle of rule source, without signatures", make, options);
    command.add_option("-o,--output", options->output, "The bundle to write").required().takes("FILE");
    command.add_option("--sequence", plan.sequence, "Higher than that of every bundle before")
        .required()
        .check(not_negative)
        .takes("NUMBER");
    command
        .add_option("--min-sequence", plan.min_sequence,
                    "Once this bundle is confirmed, none below is installed any more")
        .check(not_negative)
        .takes("NUMBER [0]");
    command.add_option("--expires", options->expires, "From when on it is not installed any more")
        .required()
        .takes("TIME");
    command.add_option("--created", options->created, "By default SOURCE_DATE_EPOCH, or now").takes("TIME");
    command.add_option("--board", plan.boards, "A board that it is for, or \"*\" for all; may be repeated")
        .required()
        .takes("NAME")
        .repeated();
    command.add_option("--tests", plan.test_files, "A file of self-tests; may be repeated").takes("FILE").repeated();
    command.add_option("--origin", plan.origin, "Where the source comes from: a revision, say").takes("TEXT");
    command.add_option("--notes", plan.notes, "What is new, for people").takes("TEXT");
    command.add_option("--max-rules", options->max_rules, "Refuse to load more rules").takes("NUMBER");
    command.add_option("--max-compiled-bytes", options->max_compiled_bytes, "Refuse a larger compiled set")
        .takes("BYTES");
    command
        .add_option("--max-compile-ms", options->max_compile_ms,
                    "Refuse to install what takes more processor time to compile and test")
        .takes("MILLISECONDS");
    command.add_option("SOURCE", plan.sources, "Rule files (*.toml) or folders of them; the shipped set by default")
        .takes("...");
}

}  // namespace sluis
