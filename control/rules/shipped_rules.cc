#include "control/rules/shipped_rules.h"

#include <cstdlib>
#include <filesystem>

namespace sluis {

tl::expected<std::string, std::string> find_shipped_rules() {
    std::error_code ignored;
    if (const char* chosen = std::getenv("SLUIS_RULES"); chosen != nullptr && *chosen != '\0') {
        if (std::filesystem::exists(chosen, ignored)) return chosen;
        return tl::unexpected("SLUIS_RULES names " + std::string(chosen) +
                              ", which does not exist; set it to a rule file, a directory of them or a compiled set");
    }
    const std::string installed = SLUIS_RULES_DIR;
#ifdef SLUIS_SOURCE_DIR
    const std::string built = SLUIS_SOURCE_DIR "/control/rules";
    if (std::filesystem::is_directory(built, ignored)) return built;
#endif
    if (std::filesystem::is_directory(installed, ignored)) return installed;
    return tl::unexpected("no rules in " + installed + "; name them with --rules, or set SLUIS_RULES");
}

}  // namespace sluis
