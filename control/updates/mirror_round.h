// Asking mirrors: for their notes all of them, for a bundle one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/bundle/freshness.h"
#include "control/bundle/key_set.h"
#include "control/updates/download_folder.h"
#include "control/updates/mirror_client.h"
#include "control/updates/mirror_state.h"
#include "control/updates/updates_config.h"

namespace sluis {

/// The file of a mirror that holds its note; bundles are SHA256.bundle, by the digest in the note.
inline constexpr const char* kNoteName = "newest.note";

/// A note as it came, for the store.
struct FetchedNote {
    FreshnessNote note;
    std::string file;
};

/// Whether these bytes are the bundle that a note names, with the signatures that it needs; else a line that says why
/// not. Neither is said of what is in it.
tl::expected<void, std::string> check_download(Bytes file, const FreshnessNote& note, const KeySet& keys);

class MirrorRound {
public:
    /// From 0 (included) to 1.
    using Random = std::function<double()>;

    /// `mirrors`: as read_mirror_url gives them.
    MirrorRound(const std::vector<std::string>& mirrors, const std::string& directory, MirrorGet get,
                MirrorLimits limits, Random random);

    /// Asks every mirror whose time has come, `all` of them when told to, for its note; the newest that is right, none
    /// when there is none. `known`: the newest that the box has seen. A mirror alone could keep newer ones back: that
    /// is why all are asked. REQUIRES: the clock was set.
    std::optional<FetchedNote> ask(const KeySet& keys, const std::optional<FreshnessNote>& known, std::int64_t now,
                                   bool all);
    /// Fetches the bundle from the mirrors that gave this note, the next one when one fails; its content. What came of
    /// it is kept, and goes on with the next call. The failure is that of the last mirror.
    Fetched<std::string> fetch(const FreshnessNote& note, const KeySet& keys, std::int64_t now, bool all);
    /// Forgets all downloads but that of this digest, hexadecimal.
    void forget_downloads(const std::string& sha256) const;

    std::span<const MirrorState> mirrors() const { return mirrors_; }
    std::uint64_t downloaded() const { return downloaded_; }  ///< bytes of bundles
    /// The earliest time after `now` at which a mirror that failed may be asked again; none when none waits.
    std::optional<std::int64_t> next_retry(std::int64_t now) const;

private:
    Fetched<void> ask(MirrorState& mirror, const KeySet& keys, const std::optional<FreshnessNote>& known,
                      std::int64_t now);
    Fetched<std::string> fetch_from(const MirrorState& mirror, const FreshnessNote& note, const KeySet& keys);
    Fetched<bool> download(const std::string& url, const std::string& sha256);

    std::vector<MirrorState> mirrors_;
    DownloadFolder folder_;
    MirrorGet get_;
    MirrorLimits limits_;
    Random random_;
    std::uint64_t key_set_ = 0;  ///< that the notes and bundles so far were judged by
    std::uint64_t downloaded_ = 0;
};

}  // namespace sluis
