#include "control/bundle/store_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_state.h"
#include "dataplane/interface/atomic_file.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBundleSuffix = ".bundle";
constexpr std::string_view kKeySetSuffix = ".keyset";
/// Bundles that a store without a state is searched for. It holds two, and for a moment a third.
constexpr std::size_t kListedBundles = 8;

/// Closes with its scope.
struct OpenFile {
    explicit OpenFile(int number) : descriptor(number) {}
    ~OpenFile() {
        if (descriptor >= 0) ::close(descriptor);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int descriptor;
};

tl::unexpected<BundleError> unusable(const std::string& path) {
    return refuse(BundleCode::store_unusable,
                  fmt::format("{}: {}; see to the store's folder", path, std::strerror(errno)));
}

Checked<void> sync_folder(const std::string& path) {
    const OpenFile folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.descriptor < 0 || ::fsync(folder.descriptor) != 0) return unusable(path);
    return {};
}

/// Makes a folder whose name outlives a power cut.
Checked<void> make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) == 0) {
        const std::string parent = fs::path(path).parent_path().string();
        return sync_folder(parent.empty() ? "." : parent);
    }
    struct stat found {};
    if (errno == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return {};
    if (errno == EEXIST) errno = ENOTDIR;
    return unusable(path);
}

/// Whether `name` is that of a temporary file or link that was to become another.
bool is_temporary(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot != std::string::npos && name.size() - dot == 7;  // mkostemp's six letters
}

std::vector<fs::path> list_folder(const std::string& folder) {
    std::vector<fs::path> paths;
    std::error_code problem;
    for (fs::directory_iterator entry(folder, problem); !problem && entry != fs::directory_iterator();
         entry.increment(problem))
        paths.push_back(entry->path());
    return paths;
}

std::optional<std::string> digest_named_by(const fs::path& file) {
    const auto digest = from_hex<Sha256{}.size()>(file.stem().string());
    return digest ? std::optional<std::string>({digest->begin(), digest->end()}) : std::nullopt;
}

void remove_in(const std::string& folder, bool (*left_over)(const fs::path&, const std::vector<std::string>&),
               const std::vector<std::string>& keep) {
    std::error_code ignored;
    for (const fs::path& path : list_folder(folder))
        if (left_over(path, keep)) fs::remove(path, ignored);
}

}  // namespace

Checked<std::string> read_whole_file(const std::string& path, std::size_t limit) {
    const auto unreadable = [&](std::string_view why) {
        return refuse(BundleCode::file_unreadable, fmt::format("{}: cannot be read: {}", path, why));
    };
    // A pipe must not make anybody wait.
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0) return unreadable(std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return unreadable("it is no regular file");
    std::string content;
    std::array<char, 65536> room;
    for (;;) {
        const ssize_t count = ::read(file.descriptor, room.data(), room.size());
        if (count == 0) return content;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(std::strerror(errno));
        content.append(room.data(), static_cast<std::size_t>(count));
        if (content.size() > limit) {
            return refuse(BundleCode::size,
                          fmt::format("{}: has more than {} bytes, the most of such a file", path, limit));
        }
    }
}

Checked<StoreLock> StoreLock::take(const std::string& path, std::chrono::milliseconds patience) {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + patience;
    StoreLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    if (lock.descriptor_ < 0) return unusable(path);
    for (;;) {
        if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0) return lock;
        if (errno != EWOULDBLOCK && errno != EINTR) return unusable(path);
        if (Clock::now() >= until) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return refuse(BundleCode::store_locked, fmt::format("{}: another process writes to the store; try again", path));
}

StoreLock::StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

StoreLock::~StoreLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::string StoreFiles::bundle_path(const std::string& sha256) const {
    return directory_ + "/store/" + to_hex(sha256) + std::string(kBundleSuffix);
}

std::string StoreFiles::key_set_path(std::uint64_t version) const {
    return directory_ + "/keys/" + std::to_string(version) + std::string(kKeySetSuffix);
}

Checked<void> StoreFiles::write(const std::string& path, const std::string& content) const {
    if (auto written = write_file_atomically(path, as_bytes(content)); !written)
        return refuse(BundleCode::store_unusable, written.error());
    return {};
}

Checked<void> StoreFiles::make_folders() const {
    for (const char* folder : {"", "/store", "/keys"})
        if (auto made = make_folder(directory_ + folder); !made) return made;
    return {};
}

Checked<std::optional<wire::StoreState>> StoreFiles::load_state() const {
    const std::string path = directory_ + "/state";
    if (struct stat status{}; ::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return std::nullopt;
        if (errno == ENOTDIR)
            return refuse(BundleCode::file_unreadable, directory_ + " is no folder; name another one");
    }
    const auto file = read_whole_file(path, kStoreStateLimit);
    if (!file)
        return refuse(file.error().code, file.error().message + "; when it stays so, remove it: it is made again");
    auto state = read_store_state(*file);
    if (!state) return tl::unexpected(state.error());
    return std::move(*state);
}

Checked<void> StoreFiles::save_state(const wire::StoreState& state) const {
    return write(directory_ + "/state", write_store_state(state));
}

Checked<std::string> StoreFiles::load_bundle(const std::string& sha256) const {
    return read_whole_file(bundle_path(sha256), kEnvelopeLimit);
}

bool StoreFiles::has_bundle(const std::string& sha256) const {
    return ::access(bundle_path(sha256).c_str(), F_OK) == 0 || errno != ENOENT;
}

Checked<void> StoreFiles::save_bundle(const std::string& sha256, const std::string& file) const {
    return write(bundle_path(sha256), file);
}

std::vector<std::string> StoreFiles::list_bundles() const {
    std::vector<std::string> digests;
    for (const fs::path& path : list_folder(directory_ + "/store")) {
        const auto digest = path.extension() == kBundleSuffix ? digest_named_by(path) : std::nullopt;
        if (digest && digests.size() < kListedBundles) digests.push_back(*digest);
    }
    return digests;
}

std::optional<std::string> StoreFiles::load_key_set(std::uint64_t version) const {
    auto file = read_whole_file(key_set_path(version), kKeySetEnvelopeLimit);
    return file ? std::optional(std::move(*file)) : std::nullopt;
}

Checked<void> StoreFiles::save_key_set(std::uint64_t version, const std::string& file) const {
    return write(key_set_path(version), file);
}

std::optional<std::string> StoreFiles::linked_bundle(const std::string& name) const {
    std::error_code problem;
    const fs::path target = fs::read_symlink(directory_ + "/" + name, problem);
    return problem ? std::nullopt : digest_named_by(target);
}

Checked<void> StoreFiles::link_bundle(const std::string& name, const std::string& sha256) const {
    const std::string path = directory_ + "/" + name;
    if (sha256.empty())
        return ::unlink(path.c_str()) == 0 || errno == ENOENT ? sync_folder(directory_) : unusable(path);
    if (linked_bundle(name) == sha256) return {};
    const std::string temporary = path + ".linked";
    const std::string target = "store/" + to_hex(sha256) + std::string(kBundleSuffix);
    if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return unusable(temporary);
    if (::symlink(target.c_str(), temporary.c_str()) != 0) return unusable(temporary);
    if (::rename(temporary.c_str(), path.c_str()) != 0) return unusable(path);
    return sync_folder(directory_);
}

void StoreFiles::remove_leftovers(const std::vector<std::string>& keep) const {
    const auto temporary = [](const fs::path& path, const std::vector<std::string>&) {
        const std::string name = path.filename().string();
        return is_temporary(name) &&
               (name.starts_with("state.") || name.starts_with("current.") || name.starts_with("previous."));
    };
    const auto temporary_key_set = [](const fs::path& path, const std::vector<std::string>&) {
        return path.extension() != kKeySetSuffix;
    };
    const auto unwanted_bundle = [](const fs::path& path, const std::vector<std::string>& wanted) {
        const auto named = [&](const std::string& sha256) {
            return path.filename().string() == to_hex(sha256) + std::string(kBundleSuffix);
        };
        return std::none_of(wanted.begin(), wanted.end(), named);
    };
    remove_in(directory_, temporary, keep);
    remove_in(directory_ + "/keys", temporary_key_set, keep);
    remove_in(directory_ + "/store", unwanted_bundle, keep);
}

}  // namespace sluis
