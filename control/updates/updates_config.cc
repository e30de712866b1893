#include "control/updates/updates_config.h"

#include <set>

#include "control/updates/mirror_url.h"
#include "control/updates/update_times.h"

namespace sluis {

std::string check_updates_config(const UpdatesConfig& config) {
    const auto wrong = [](const char* key, const std::string& what) {
        return std::string(key) + " of [updates] " + what;
    };
    if (config.mirrors.size() > kMirrorLimit)
        return wrong("mirrors", "are more than " + std::to_string(kMirrorLimit) + "; leave some out");
    std::set<std::string> known;
    for (const std::string& mirror : config.mirrors) {
        const auto url = read_mirror_url(mirror);
        if (!url) return wrong("mirrors", url.error());
        if (!known.insert(*url).second) return wrong("mirrors", "has \"" + mirror + "\" twice; leave one out");
    }
    if (!config.proxy.empty())
        if (const auto url = read_proxy_url(config.proxy); !url) return wrong("proxy", url.error());
    if (!parse_install_window(config.window))
        return wrong("window", "is \"" + config.window + "\"; write two local times as \"02:00-05:00\"");
    constexpr std::uint32_t kShortest = 60;
    if (config.every < kShortest) return wrong("every", "is too short; write \"1m\" or more");
    return {};
}

}  // namespace sluis
