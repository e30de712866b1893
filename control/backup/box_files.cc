#include "control/backup/box_files.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "control/bundle/store_files.h"
#include "control/history/database.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;
using Done = tl::expected<void, std::string>;

constexpr std::chrono::seconds kPatience{5};
constexpr int kDeepest = 3;                                ///< folders below the configuration's
constexpr std::string_view kPrivate = "PRIVATE KEY-----";  ///< RFC 7468, section 10, and SEC 1's own
constexpr std::array<std::string_view, 2> kUnfinished{".new", ".change"};

class Reader {
public:
    explicit Reader(bool with_keys) : with_keys_(with_keys) {}

    Done add_file(const fs::path& path, const std::string& name) {
        auto content = read_whole_file(path, kBoxFilesLimit);
        return content ? add(name, std::move(*content)) : tl::unexpected(content.error().message);
    }

    Done add_file_if_there(const fs::path& path, const std::string& name) {
        std::error_code missing;
        return fs::is_regular_file(fs::symlink_status(path, missing)) ? add_file(path, name) : Done{};
    }

    /// All regular files of a folder, and of those below it. A folder that is not there has none.
    Done add_folder(const fs::path& folder, const std::string& name, int depth = kDeepest) {
        std::error_code error;
        std::vector<fs::directory_entry> entries;
        for (fs::directory_iterator next(folder, error), end; !error && next != end; next.increment(error))
            entries.push_back(*next);
        if (error && error != std::errc::no_such_file_or_directory)
            return tl::unexpected(folder.string() + ": " + error.message());
        std::sort(entries.begin(), entries.end());
        for (const fs::directory_entry& entry : entries) {
            const std::string below = name + "/" + entry.path().filename().string();
            Done done;
            if (entry.is_symlink(error) || is_unfinished(below)) continue;
            if (entry.is_directory(error) && depth > 0) done = add_folder(entry.path(), below, depth - 1);
            if (entry.is_regular_file(error)) done = add_file(entry.path(), below);
            if (!done) return done;
        }
        return {};
    }

    /// As it is at one moment, whoever writes to it meanwhile.
    Done add_database(const std::string& path, const std::string& name) {
        std::error_code missing;
        if (path.empty() || !fs::is_regular_file(path, missing)) return {};
        auto database = Database::open_to_read(path);
        auto image = database ? database->image() : tl::unexpected(database.error());
        return image ? add(name, std::move(*image)) : tl::unexpected(image.error().message);
    }

    BoxFiles take() { return std::move(made_); }

private:
    static bool is_unfinished(std::string_view name) {
        return std::any_of(kUnfinished.begin(), kUnfinished.end(), [&](auto end) { return name.ends_with(end); });
    }

    Done add(const std::string& name, std::string content) {
        if (!with_keys_ && content.find(kPrivate) != std::string::npos) {
            made_.left_out.push_back(name);
            return {};
        }
        if (name.size() > kArchiveNameLimit) return tl::unexpected(name + ": its name is too long for a backup");
        size_ += content.size();
        if (size_ > kBoxFilesLimit) return tl::unexpected(name + ": with it, the box has more than a backup holds");
        made_.files.push_back({name, std::move(content)});
        return {};
    }

    bool with_keys_;
    std::size_t size_ = 0;
    BoxFiles made_;
};

/// The rules and key sets that are installed, while nobody installs others.
Done add_store(Reader& reader, const std::string& folder) {
    std::error_code missing;
    if (!fs::exists(folder, missing)) return {};  // the factory's rules alone are in force
    const auto lock = StoreLock::take(StoreFiles(folder).lock_path(), kPatience);
    if (!lock) return tl::unexpected(lock.error().message);
    for (const char* file : {"state", "state.probation"})
        if (auto done = reader.add_file_if_there(folder + "/" + file, std::string("var-lib-sluis/rules/") + file);
            !done)
            return done;
    for (const char* part : {"store", "keys"})
        if (auto done = reader.add_folder(folder + "/" + part, std::string("var-lib-sluis/rules/") + part, 0); !done)
            return done;
    return {};
}

/// What is kept of what the box did, and of how it was told to work.
Done add_state(Reader& reader, const ControlConfig& config) {
    const std::pair<std::string, const char*> files[]{{config.audit_file, "audit.jsonl"},
                                                      {config.audit_file + ".1", "audit.jsonl.1"},
                                                      {config.events.numbers_file, "event-numbers.json"},
                                                      {config.dataplane.modes, "modes"}};
    for (const auto& [path, name] : files)
        if (auto done = reader.add_file_if_there(path, std::string("var-lib-sluis/") + name); !done) return done;
    if (auto done = reader.add_folder(config.policy_state, "var-lib-sluis/policy", 0); !done) return done;
    return reader.add_database(config.history.file, "var-lib-sluis/history.db");
}

}  // namespace

tl::expected<BoxFiles, std::string> read_box_files(const BoxPlaces& places, const ControlConfig& config,
                                                   bool with_keys) {
    Reader reader(with_keys);
    const std::string folder = fs::path(places.configuration).parent_path();
    if (auto done = reader.add_folder(folder, "etc-sluis"); !done) return tl::unexpected(done.error());
    if (auto done = reader.add_file_if_there(places.machine_id, "machine-id"); !done)
        return tl::unexpected(done.error());
    if (auto done = add_store(reader, config.store.directory); !done) return tl::unexpected(done.error());
    if (auto done = add_state(reader, config); !done) return tl::unexpected(done.error());
    BoxFiles made = reader.take();
    made.board = config.store.board;
    return made;
}

}  // namespace sluis
