// sluisctl backup: all that is a box's own, in one signed file.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/api_job.h"
#include "control/cli/new_file.h"

namespace sluis {
namespace {

struct Options {
    std::shared_ptr<ApiOptions> api = std::make_shared<ApiOptions>();
    bool keys = false;
};

int make(const Options& options) {
    const ApiOptions& api = *options.api;
    if (const int status = order_job(api, "/v1/backup", {{"keys", options.keys}, {"comment", api.comment}});
        status != kExitOk)
        return status;
    ApiRequest request{"GET", "/v1/backup", "", "", true};
    request.accept = "application/x-tar";
    const auto backup = ask_for_text(api, request);
    if (!backup) return backup.error();
    if (const int status = save_new_file(api.file, *backup); status != kExitOk) return status;
    if (!api.json && options.keys) fmt::print("{}: it holds private keys; keep it as you keep those\n", api.file);
    return kExitOk;
}

}  // namespace

void add_backup_command(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command command =
        app.add_command("backup", "Fetch all that is a box's own, in one file that the box signs", make, options);
    command.add_option("FILE", options->api->file, "The file to write; not over another one").required().takes(" ");
    command.add_flag("--keys", options->keys, "Private keys, too: what a new unit needs to take the box's place alone");
    add_comment_option(command, *options->api);
    add_api_options(command, *options->api);
}

}  // namespace sluis
