// sluisctl support-bundle: what a vendor asks for, without what tells about clients.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/backup/tar_gzip.h"
#include "control/bundle/bundle_clock.h"
#include "control/bundle/store_files.h"
#include "control/cli/api_command.h"
#include "control/cli/command_options.h"
#include "control/cli/new_file.h"
#include "control/cli/redaction.h"
#include "control/cli/standard_error.h"
#include "control/cli/support_facts.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

/// Bytes of a configuration file at the most.
constexpr std::size_t kConfigLimit = 1 << 20;

struct Options {
    ApiOptions api;
    std::string output;
    std::string policy = "/etc/sluis/policy.toml";
    double seconds = 5;
};

/// What sluis-control answers, or why it does not: a box in trouble is what this is for.
Json ask(const Options& options, const char* path) {
    const auto answer = ask_api(options.api.target, {"GET", path, "", "", false});
    if (!answer) return {{"unreachable", answer.error()}};
    Json parsed = Json::parse(answer->body);
    return parsed.is_object() ? parsed : Json{{"status", answer->status}};
}

/// Who changed how a pair is run, and why, are words of people.
Json without_authors(Json status) {
    constexpr const char* kLeftOut = "<left out>";
    if (!status.contains("modes") || !status.contains("alarms")) return status;
    for (Json& mode : status["modes"]) mode["author"] = mode["reason"] = kLeftOut;
    for (Json& alarm : status["alarms"])
        if (at(alarm, "name") == "pair_not_inline") alarm["message"] = kLeftOut;
    return status;
}

std::string text_of_json(const Json& value) { return without_addresses(value.pretty()) + "\n"; }

void add_counts(std::vector<ArchiveFile>& files, const Options& options, const char* moment) {
    for (const char* name : {"ports", "stats", "drops"}) {
        const std::string path = std::string("/v1/") + (std::string(name) == "drops" ? "stats/drops" : name);
        files.push_back({fmt::format("counts/{}-{}.json", name, moment), text_of_json(ask(options, path.c_str()))});
    }
}

/// The configuration that sluis-control runs with, without secrets.
std::string configuration(const Options& options) {
    const Json answer = ask(options, "/v1/config");
    const Json& toml = at(answer, "toml");
    return toml.is_string() ? without_secrets(toml.text()) : text_of_json(answer);
}

/// Of this machine, if that is the box: zones, modes and dates, without names of anything.
std::string policy(const Options& options) {
    if (!options.api.target.server.empty()) return "not asked for: another box\n";
    const auto text = read_whole_file(options.policy, kConfigLimit);
    return text ? without_strings(*text) : "there is none that can be read\n";
}

std::vector<ArchiveFile> gather(const Options& options) {
    std::vector<ArchiveFile> files;
    files.push_back({"about.txt", fmt::format("sluisctl {}\nmade {}\n", kVersion, format_time(system_time()))});
    files.push_back({"status.json", text_of_json(without_authors(ask(options, "/v1/status")))});
    files.push_back({"ruleset.json", text_of_json(ask(options, "/v1/ruleset"))});
    add_counts(files, options, "before");
    files.push_back({"config/sluis.toml", configuration(options)});
    files.push_back({"config/policy.toml", policy(options)});
    if (options.api.target.server.empty())
        for (ArchiveFile& fact : machine_facts()) files.push_back(std::move(fact));
    std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
    add_counts(files, options, "after");
    return files;
}

int make(const Options& options) {
    const std::vector<ArchiveFile> files = [&] {
        const WaitingLine line("gathering");
        return gather(options);
    }();
    const std::string archive = make_archive(files, static_cast<long>(system_time()));
    if (archive.empty()) return fail_command("no memory for the archive");
    if (const int status = save_new_file(options.output, archive); status != kExitOk) return status;
    for (const ArchiveFile& file : files) fmt::print("{:>9}  {}\n", file.content.size(), file.name);
    fmt::print("{}: {} files, {} bytes. Without addresses, names and secrets; look into it before you send it.\n",
               options.output, files.size(), archive.size());
    return kExitOk;
}

}  // namespace

void add_support_command(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command command =
        app.add_command("support-bundle", "Gather what a vendor asks for, without client data", make, options);
    command.add_option("-o,--output", options->output, "The archive to write (tar.gz)").required().takes("FILE");
    command.add_option("--policy", options->policy, "The policy").takes("FILE [" + options->policy + "]");
    command.add_option("--seconds", options->seconds, "Between the two looks at the counts")
        .between(0.0, 600.0)
        .takes("N [5]");
    add_target_options(command, options->api.target);
}

}  // namespace sluis
