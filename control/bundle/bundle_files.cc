#include "control/bundle/bundle_files.h"

#include <filesystem>
#include <utility>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/store_files.h"

namespace sluis {

Checked<wire::Envelope> load_envelope(const std::string& path, std::size_t size_limit) {
    const auto file = read_whole_file(path, size_limit);
    if (!file) return tl::unexpected(file.error());
    return read_envelope(as_bytes(*file), size_limit, true);
}

bool is_bundle(const std::string& path) {
    std::error_code ignored;
    return !path.ends_with(".toml") && std::filesystem::is_regular_file(path, ignored) &&
           load_envelope(path, kEnvelopeLimit).has_value();
}

Checked<KeySet> load_key_sets(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    Checked<KeySet> last = refuse(BundleCode::key_set_missing, "none is named");
    for (const std::string& path : paths) {
        auto file = read_whole_file(path, kKeySetEnvelopeLimit);
        if (!file) return tl::unexpected(file.error());
        files.push_back(std::move(*file));
        // From the first one on each time: there are few, and so the one that is wrong has its name.
        last = walk_key_sets(files);
        if (!last) return refuse(last.error().code, path + ": " + last.error().message);
    }
    return last;
}

}  // namespace sluis
