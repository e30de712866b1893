// sluis-inspect: the bridge's pipeline over capture files, without ports and without root.
#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "control/cli/inspect/chosen_rules.h"
#include "control/cli/inspect/finding_printer.h"
#include "control/cli/inspect/offline_run.h"
#include "control/cli/inspect/progress_line.h"
#include "control/cli/usage_error.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/policy.h"
#include "dataplane/interface/standard_streams.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

enum ExitStatus : int { kRead = 0, kNotRead = 1, kUsage = 2 };

struct Arguments {
    RuleChoice rules;
    std::string config;
    std::string output;
    bool json = false;
    std::vector<std::string> captures;
};

int fail(const std::string& message, int status = kNotRead) {
    fmt::print(stderr, "sluis-inspect: {}\n", one_line(message));
    return status;
}

int finish(int status) { return finish_standard_output("sluis-inspect") ? status : kNotRead; }

tl::expected<Config, std::string> config_for(const std::string& path) {
    if (path.empty()) return Config{};
    return load_config(path, /*need_pairs=*/false);
}

/// Whether writing `output` would destroy one of the captures before it is read.
bool overwrites_capture(const Arguments& arguments) {
    struct stat output {};
    if (stat(arguments.output.c_str(), &output) != 0 || !S_ISREG(output.st_mode)) return false;
    return std::any_of(arguments.captures.begin(), arguments.captures.end(), [&](const std::string& capture) {
        struct stat input {};
        return stat(capture.c_str(), &input) == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino;
    });
}

int inspect_capture(const std::string& path, OfflineSettings settings, FindingPrinter& printer) {
    auto capture = CaptureReader::open(path);
    if (!capture) return fail(capture.error());
    ProgressLine progress;
    if (progress.wanted()) settings.progress = [&](const CaptureReader& reader) { progress.show(reader); };
    OfflineRun run(settings);
    printer.begin((*capture)->file().name());
    const auto result = run.run(**capture);
    progress.clear();
    const WorkerCounters counters = run.counters();
    printer.end({path, run.frames(), run.cut_frames(), &counters});
    std::fflush(stdout);
    if (const auto imbalance = run.imbalance()) fail(path + ": " + *imbalance);
    return result ? kRead : fail(result.error());
}

int inspect_all(const Arguments& arguments, OfflineSettings settings) {
    std::unique_ptr<CaptureWriter> writer;
    if (!arguments.output.empty()) {
        auto created = CaptureWriter::create(arguments.output);
        if (!created) return fail(created.error());
        writer = std::move(*created);
        settings.writer = writer.get();
    }
    const auto printer = arguments.json ? make_json_printer(stdout) : make_table_printer(stdout);
    settings.observer = printer.get();
    int status = kRead;
    for (const std::string& capture : arguments.captures) {
        status = std::max(status, inspect_capture(capture, settings, *printer));
    }
    if (writer != nullptr) {
        if (const auto closed = writer->close(); !closed) status = fail(closed.error());
    }
    return finish(status);
}

int inspect(const Arguments& arguments) {
    if (overwrites_capture(arguments)) return fail(arguments.output + " is one of the captures", kUsage);
    if (const std::string why = why_no_choice(arguments.rules); !why.empty()) return fail(why, kUsage);
    const auto config = config_for(arguments.config);
    if (!config) return fail(config.error());
    if (const auto fits = check_memory(config->limits, 1, 0, available_memory()); !fits) return fail(fits.error());
    auto rules = load_rules(arguments.rules);
    if (!rules) return fail(rules.error());
    const auto policy = make_policy(*config, **rules);
    if (!policy) return fail(policy.error());
    CounterLabels labels{};
    const auto generation = Generation::make({.rules = std::move(*rules), .policy = *policy}, labels);
    if (!generation) return fail(generation.error());
    return inspect_all(arguments, {**generation, config->limits});
}

int main(int argc, char** argv) {
    open_standard_streams();
    CLI::App app("Reads the names in captures as the bridge would, and says what it would block.", "sluis-inspect");
    Arguments arguments;
    app.add_option("--rules", arguments.rules.path,
                   "A signed bundle, a rule file (*.toml), a directory of them, or a compiled set; the shipped set by "
                   "default")
        ->option_text("PATH");
    app.add_option("--keys", arguments.rules.key_sets,
                   "What a bundle is verified by: the first key set that is trusted; again, its successors in order")
        ->option_text(std::string("FILE [") + kFactoryKeys + "]")
        ->allow_extra_args(false);
    app.add_option("--config", arguments.config, "A configuration file, for its policy, refusals and limits")
        ->option_text("FILE");
    app.add_flag("--json", arguments.json, "Print one JSON object a line for every name found and every block");
    app.add_option("--write", arguments.output, "A pcap file for every frame that the bridge would have sent")
        ->option_text("OUT.pcap");
    app.add_option("CAPTURE", arguments.captures, "pcap or pcapng files; - is standard input")
        ->option_text("...")
        ->required();
    app.footer("Exit status: 0 the captures were read, 1 something could not be read or written, 2 wrong usage.");
    app.set_version_flag("--version", std::string("sluis-inspect ") + kVersion);
    refuse_empty_values(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return finish(report_usage(app, error) ? kRead : kUsage);
    }
    end_without_memory("sluis-inspect");
    return inspect(arguments);
}

}  // namespace
}  // namespace sluis

int main(int argc, char** argv) { return sluis::main(argc, argv); }
