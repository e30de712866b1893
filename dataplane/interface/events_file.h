// The file that event rings are in: made by the dataplane, taken from by one reader.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/event.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {

/// `events` in the runtime directory.
std::string events_path(const std::string& runtime_directory);

/// The writer's side. One writer a directory: see RuntimeLock.
class EventsFile {
public:
    /// Makes an empty file, under a temporary name that no reader looks at: of mode 0600; with a group 0660, since a
    /// reader writes how far it is.
    static tl::expected<EventsFile, std::string> create(const std::string& runtime_directory, const std::string& group,
                                                        std::span<const std::string> pair_of_worker);
    EventsFile(EventsFile&& other) noexcept;
    EventsFile& operator=(EventsFile&&) = delete;
    /// A file that was published stays, for whoever has not read all of it; another one goes.
    ~EventsFile();

    /// Puts the file in place of an older one: from here on readers see it, whole.
    tl::expected<void, std::string> publish();
    EventRing& ring(std::size_t worker) noexcept;

private:
    EventsFile(std::string path, SharedMapping mapping) : path_(std::move(path)), mapping_(std::move(mapping)) {}
    std::string temporary() const { return path_ + ".new"; }

    std::string path_;
    bool published_ = false;
    SharedMapping mapping_;
};

/// The reader's side: one at a time.
class EventReader {
public:
    /// Fails, with one line for people, when there is no file of this build's layout, or another reader has it.
    static tl::expected<EventReader, std::string> open(const std::string& runtime_directory);

    std::size_t workers() const noexcept { return workers_; }
    std::string pair_of_worker(std::size_t worker) const;
    /// The oldest event of a worker that was not taken yet; nothing when there is none.
    std::optional<Event> take(std::size_t worker) noexcept;
    /// Events of a worker that were lost since its start.
    std::uint64_t lost(std::size_t worker) const noexcept;
    /// Whether a new dataplane has made a file of its own: open again.
    bool is_outdated() const noexcept;

private:
    EventReader(std::string path, FileDescriptor file, SharedMapping mapping)
        : path_(std::move(path)), file_(std::move(file)), mapping_(std::move(mapping)) {}
    const EventsHeader& header() const noexcept { return *reinterpret_cast<const EventsHeader*>(mapping_.data()); }
    EventRing& ring(std::size_t worker) const noexcept;

    std::string path_;
    FileDescriptor file_;  ///< holds the lock
    SharedMapping mapping_;
    std::size_t workers_ = 0;  ///< as it was checked: the writer may change its mind
};

}  // namespace sluis
