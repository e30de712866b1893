#include "control/events/numbers_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "control/bundle/store_files.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kFileLimit = std::size_t{64} << 20;  ///< bytes
constexpr int kVersion = 1;

}  // namespace

tl::expected<void, std::string> NumbersFile::load() {
    if (::access(path_.c_str(), F_OK) != 0 && errno == ENOENT) return {};
    const auto text = read_whole_file(path_, kFileLimit);
    if (!text) return tl::unexpected(text.error().message + "; counting begins anew");
    const json saved = json::parse(*text, nullptr, false);
    const bool is_ours = saved.is_object() && saved.value("version", json()) == kVersion &&
                         saved.contains("presence") && saved.contains("would_block");
    if (is_ours && presence_.load(saved["presence"]) && would_block_.load(saved["would_block"])) return {};
    std::rename(path_.c_str(), (path_ + ".broken").c_str());
    return tl::unexpected(path_ + ": is damaged, or of another version, and put aside; counting begins anew");
}

tl::expected<void, std::string> NumbersFile::save() {
    const json numbers{{"version", kVersion}, {"presence", presence_.save()}, {"would_block", would_block_.save()}};
    std::string text = numbers.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
    if (text == saved_) return {};
    auto written = write_file_atomically(path_, as_bytes(text));
    if (written) saved_ = std::move(text);
    return written;
}

}  // namespace sluis
