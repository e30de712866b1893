#include "control/cli/standard_error.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "control/bundle/bundle_error.h"
#include "control/cli/commands.h"
#include "dataplane/interface/one_line.h"

namespace sluis {

int fail_command(std::string_view line) {
    fmt::print(stderr, "sluisctl: {}\n", one_line(line));
    return kExitFailed;
}

int fail_command(const std::string& file, const BundleError& error) {
    if (error.code == BundleCode::file_unreadable) return fail_command(describe(error));  // which says the file itself
    return fail_command(fmt::format("{}: refused: {}", file, describe(error)));
}

WaitingLine::WaitingLine(std::string_view what) : shown_(isatty(STDERR_FILENO) == 1) {
    if (!shown_) return;
    fmt::print(stderr, "{} …", what);
    std::fflush(stderr);
}

WaitingLine::~WaitingLine() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
}

}  // namespace sluis
