// sluisctl firmware: what a box runs, and its updates, through sluis-control.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/api_job.h"
#include "control/cli/standard_error.h"

namespace sluis {
namespace {

void print_firmware(const Json& firmware) {
    fmt::print("{:<10} {}, for {}\n", "version", text_of(at(firmware, "version")), text_of(at(firmware, "compatible")));
    for (const Json& slot : at(firmware, "slots")) {
        const bool is_next = at(slot, "boot_name") == at(firmware, "primary");
        const std::string version = text_of(at(slot, "version"));
        fmt::print("{:<10} {}: {}, {}{}{}\n", "slot", text_of(at(slot, "boot_name")), text_of(at(slot, "state")),
                   text_of(at(slot, "boot_status")), version.empty() ? "" : ", " + version,
                   is_next ? ", taken at the next start" : "");
    }
    if (at(firmware, "installing") == true)
        fmt::print("{:<10} {} %, {}\n", "installing", text_of(at(firmware, "percent")), text_of(at(firmware, "step")));
    if (at(firmware, "last_error") != "") fmt::print("{:<10} {}\n", "last error", text_of(at(firmware, "last_error")));
}

int show(const ApiOptions& options) {
    const auto firmware = ask_for_json(options, {"GET", "/v1/firmware", "", "", false});
    if (!firmware) return firmware.error();
    if (print_as_json(options, *firmware)) return kExitOk;
    if (const std::string trouble = text_of(at(*firmware, "trouble")); !trouble.empty()) return fail_command(trouble);
    print_firmware(*firmware);
    return kExitOk;
}

int install(const ApiOptions& options) {
    return order_job(options, "/v1/firmware", {{"source", options.file}, {"comment", options.comment}});
}
int confirm(const ApiOptions& options) {
    return order_job(options, "/v1/firmware/confirm", {{"comment", options.comment}});
}
int restart(const ApiOptions& options) {
    return order_job(options, "/v1/firmware/restart", {{"comment", options.comment}});
}
/// `file`: the word that it has to be confirmed with.
int factory_reset(const ApiOptions& options) {
    return order_job(options, "/v1/factory-reset", {{"confirm", options.file}, {"comment", options.comment}});
}

}  // namespace

void add_firmware_commands(const Command& app) {
    Command group = app.add_group("firmware", "Show and update a box's firmware through sluis-control");
    const auto options = std::make_shared<ApiOptions>();
    const auto add = [&](const char* name, const char* help, int (*run)(const ApiOptions&)) {
        return add_api_command(group, name, help, run, options);
    };
    add("status", "Show what runs, the slots, and how far an installation is", show);
    Command command = add("install", "Write a signed bundle into the other slot, for the next start", install);
    command.add_option("URL", options->file, "The bundle, on a server that knows ranges").required().takes(" ");
    add_comment_option(command, *options);
    add_comment_option(add("confirm", "Keep the slot that runs, before the box does it by itself", confirm), *options);
    add_comment_option(add("restart", "Start the box again; frames are lost meanwhile", restart), *options);
    command = add("factory-reset", "Have the box forget configuration, keys, rules and counts, and start again",
                  factory_reset);
    command.add_option("--confirm", options->file, "The word \"forget\"").required().takes("WORD");
    add_comment_option(command, *options);
}

}  // namespace sluis
