// The store's folder, and how files in it are read, replaced and cleaned up.
//
//   lock                     held by the one process that writes
//   state                    see store_state.h: the one truth about what is installed
//   store/SHA256.bundle      bundles, by their digests
//   keys/VERSION.keyset      key sets after the factory's
//   current, previous        links to bundles: for people, and for a start without a state file
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/bundle/bundle_error.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {

namespace wire {
class StoreState;
}

/// Reads a regular file of at most `limit` bytes, opened once. Fails with `file_unreadable`, or `size`.
Checked<std::string> read_whole_file(const std::string& path, std::size_t limit);

/// The lock of the one writer, by flock(2); it ends with the process, however that ends.
class StoreLock {
public:
    /// Fails with `store_locked` when another process still holds it after `patience`.
    static Checked<StoreLock> take(const std::string& path, std::chrono::milliseconds patience = {});
    StoreLock(StoreLock&& other) noexcept;
    StoreLock& operator=(StoreLock&&) = delete;
    ~StoreLock();

private:
    explicit StoreLock(int descriptor) noexcept : descriptor_(descriptor) {}
    int descriptor_;
};

class StoreFiles {
public:
    explicit StoreFiles(std::string directory) : directory_(std::move(directory)) {}

    /// Makes the folders that are missing. Like all that writes here, it fails with `store_unusable`.
    Checked<void> make_folders() const;
    std::string lock_path() const { return directory_ + "/lock"; }

    /// The state; none when the store never had one. Fails with `file_unreadable` when nobody can say what it holds,
    /// else when it is damaged.
    Checked<std::optional<wire::StoreState>> load_state() const;
    Checked<void> save_state(const wire::StoreState& state) const;

    Checked<std::string> load_bundle(const std::string& sha256) const;
    /// Whether the file of a bundle is there, readable or not.
    bool has_bundle(const std::string& sha256) const;
    Checked<void> save_bundle(const std::string& sha256, const std::string& file) const;
    /// The digests of the bundles that are there, by their files' names; a few at the most.
    std::vector<std::string> list_bundles() const;
    /// The file of a key set, none when there is none.
    std::optional<std::string> load_key_set(std::uint64_t version) const;
    Checked<void> save_key_set(std::uint64_t version, const std::string& file) const;

    /// The digest that the link `name` leads to, none without a link.
    std::optional<std::string> linked_bundle(const std::string& name) const;
    /// Makes the link lead to a bundle, or removes it when `sha256` is empty.
    Checked<void> link_bundle(const std::string& name, const std::string& sha256) const;

    /// Removes what writers that were killed left behind, and bundles but those of `keep` (digests).
    void remove_leftovers(const std::vector<std::string>& keep) const;

private:
    std::string bundle_path(const std::string& sha256) const;
    std::string key_set_path(std::uint64_t version) const;
    Checked<void> write(const std::string& path, const std::string& content) const;
    std::string directory_;
};

}  // namespace sluis
