// sluisctl bundle, sluisctl keys, sluisctl freshness: their commands, and what these share.
#include "control/cli/bundle_command.h"

#include <fmt/format.h>

#include "control/bundle/bundle_clock.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {

int save_file(const std::string& path, std::string_view content) {
    const auto written = write_file_atomically(path, as_bytes(content));
    return written ? kExitOk : fail_command(written.error());
}

tl::expected<std::optional<std::int64_t>, std::string> read_time_option(const char* option, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const auto time = parse_time(text);
    if (time) return time;
    return tl::unexpected(
        fmt::format("{}: '{}' is no time; write 2027-03-27, 2027-03-27T08:00:00Z or @SECONDS", option, text));
}

tl::expected<std::int64_t, std::string> read_now_option(const std::string& text) {
    const auto time = read_time_option("--now", text);
    if (!time) return tl::unexpected(time.error());
    return time->value_or(system_time());
}

void add_bundle_commands(const Command& app) {
    Command group = app.add_group("bundle", "Make, sign, verify and compare signed rule bundles");
    add_bundle_make_commands(group);
    add_bundle_sign_commands(group);
    add_bundle_look_commands(group);
    const Command keys = add_keys_commands(app);
    const Command freshness = add_freshness_commands(app);
    add_store_commands(app.find("rules"), keys, freshness);
}

}  // namespace sluis
