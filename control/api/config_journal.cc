#include "control/api/config_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <type_traits>

#include "control/bundle/store_files.h"
#include "dataplane/interface/atomic_file.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

using json = nlohmann::json;
using Text = tl::expected<std::string, std::string>;

constexpr std::size_t kConfigLimit = std::size_t{1} << 20;  ///< bytes, as the programs read
constexpr std::size_t kJournalLimit = 65536;                ///< bytes
constexpr std::array<std::string_view, 4> kStageNames{"applying", "restarting", "confirming", "undoing"};

Text read_text(const std::string& path, std::size_t limit) {
    auto text = read_whole_file(path, limit);
    if (!text) return tl::unexpected(text.error().message);
    return std::move(*text);
}

tl::expected<void, std::string> write_text(const std::string& path, const std::string& text, mode_t mode) {
    return write_file_atomically(path, std::as_bytes(std::span(text)), mode);
}

/// Who may read the configuration may read its former text, and the next one.
mode_t mode_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0644;
}

void sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
}

/// A member of what this program wrote, or a default: somebody may have had a hand in it.
template <typename Value>
void read_member(const json& object, const char* name, Value& to) {
    const auto found = object.find(name);
    if (found == object.end()) return;
    if constexpr (std::is_same_v<Value, std::string>) {
        if (found->is_string()) to = found->get<std::string>();
    } else if constexpr (std::is_same_v<Value, bool>) {
        to = *found == true;
    } else if (found->is_number_integer()) {
        to = static_cast<Value>(found->get<std::int64_t>());
    }
}

}  // namespace

std::string_view name(ConfigStage stage) { return kStageNames[static_cast<std::size_t>(stage)]; }

std::string config_digest(const std::string& text) { return hexadecimal(sha256(std::as_bytes(std::span(text)))); }

Text ConfigFiles::read() const { return read_text(path_, kConfigLimit); }
Text ConfigFiles::read_previous() const { return read_text(path_ + ".previous", kConfigLimit); }

tl::expected<void, std::string> ConfigFiles::write(const std::string& text) const {
    return write_text(path_, text, mode_of(path_));
}

tl::expected<void, std::string> ConfigFiles::write_previous(const std::string& text) const {
    return write_text(path_ + ".previous", text, mode_of(path_));
}

std::optional<ConfigJournal> ConfigFiles::read_journal() const {
    const auto text = read_text(path_ + ".change", kJournalLimit);
    if (!text) return std::nullopt;
    const json object = json::parse(*text, nullptr, false);
    if (!object.is_object()) return std::nullopt;
    ConfigJournal journal;
    std::string stage;
    read_member(object, "stage", stage);
    const auto found = std::find(kStageNames.begin(), kStageNames.end(), stage);
    if (found == kStageNames.end()) return std::nullopt;
    journal.stage = static_cast<ConfigStage>(found - kStageNames.begin());
    read_member(object, "before", journal.before);
    read_member(object, "after", journal.after);
    read_member(object, "what", journal.what);
    read_member(object, "who", journal.who);
    read_member(object, "comment", journal.comment);
    read_member(object, "since", journal.since);
    read_member(object, "confirm_seconds", journal.confirm_seconds);
    read_member(object, "confirm_until", journal.confirm_until);
    read_member(object, "dataplane_ran", journal.dataplane_ran);
    return journal;
}

tl::expected<void, std::string> ConfigFiles::write_journal(const ConfigJournal& journal) const {
    const json object{{"stage", name(journal.stage)},
                      {"before", journal.before},
                      {"after", journal.after},
                      {"what", journal.what},
                      {"who", journal.who},
                      {"comment", journal.comment},
                      {"since", journal.since},
                      {"confirm_seconds", journal.confirm_seconds},
                      {"confirm_until", journal.confirm_until},
                      {"dataplane_ran", journal.dataplane_ran}};
    return write_text(path_ + ".change", object.dump(2, ' ', false, json::error_handler_t::replace) + "\n",
                      mode_of(path_));
}

void ConfigFiles::remove_journal() const {
    std::remove((path_ + ".change").c_str());
    sync_folder_of(path_);
}

bool ConfigFiles::restore(const ConfigJournal& journal) const {
    const auto text = read(), previous = read_previous();
    if (!previous || config_digest(*previous) != journal.before) return false;
    if (text && config_digest(*text) != journal.after) return false;
    return write(*previous).has_value();
}

std::string recover_configuration(const ConfigFiles& files, std::int64_t now) {
    auto journal = files.read_journal();
    if (!journal) return "";
    // A clock that was set meanwhile makes the time no longer than it was.
    const std::int64_t rest = std::clamp<std::int64_t>(journal->confirm_until - now, 0, journal->confirm_seconds);
    const bool over = journal->confirm_until != 0 && rest == 0;
    if (!over && journal->stage != ConfigStage::undoing) return "";
    journal->stage = ConfigStage::undoing;
    if (!files.write_journal(*journal) || !files.restore(*journal)) return "";
    return over ? "the change of the configuration was not confirmed in time, and is undone"
                : "a change of the configuration that was being undone is undone";
}

}  // namespace sluis
