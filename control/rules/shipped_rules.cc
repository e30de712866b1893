#include "control/rules/shipped_rules.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace sluis {

tl::expected<std::string, std::string> find_shipped_rules() {
    std::error_code ignored;
    if (const char* chosen = std::getenv("SLUIS_RULES"); chosen != nullptr && *chosen != '\0') {
        if (std::filesystem::exists(chosen, ignored)) return chosen;
        return tl::unexpected("SLUIS_RULES names " + std::string(chosen) +
                              ", which does not exist; set it to a rule file, a directory of them or a compiled set");
    }
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
#ifdef SLUIS_SOURCE_DIR
    // A program of the build tree goes with its sources. One that was installed from there does not: they change.
    const std::string build = std::string(SLUIS_BUILD_DIR) + "/";
    if (program.string().starts_with(build)) return SLUIS_SOURCE_DIR "/control/rules";
#endif
    const std::string installed = program.empty()
                                      ? SLUIS_RULES_DIR
                                      : (program.parent_path() / SLUIS_RULES_FROM_PROGRAMS).lexically_normal().string();
    if (std::filesystem::is_directory(installed, ignored)) return installed;
    return tl::unexpected("no rules in " + installed + "; name them with --rules, or set SLUIS_RULES");
}

}  // namespace sluis
