// The memory that a trace is in: made by the dataplane for one trace, read by who asked for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/trace.h"

namespace sluis {

/// The writer's side.
class TraceFile {
public:
    /// Memory with all its pages (none is missing when a worker writes), sealed so that nobody can shrink it, or write
    /// but through this mapping. `lane_size`: bytes of one worker's records.
    static tl::expected<TraceFile, std::string> create(std::span<const std::string> pair_of_worker,
                                                       std::uint64_t lane_size, std::uint32_t snap);

    /// What is handed out: it can be mapped for reading only.
    int descriptor() const noexcept { return file_.get(); }
    TraceHeader& header() noexcept { return *reinterpret_cast<TraceHeader*>(mapping_.data()); }
    TraceLane& lane(std::size_t worker) noexcept {
        return reinterpret_cast<TraceLane*>(mapping_.data() + sizeof(TraceHeader))[worker];
    }
    std::span<std::byte> records(std::size_t worker) noexcept;

private:
    TraceFile(FileDescriptor file, SharedMapping mapping) : file_(std::move(file)), mapping_(std::move(mapping)) {}

    FileDescriptor file_;
    SharedMapping mapping_;
};

/// One record, borrowed from its reader.
struct TraceView {
    TraceRecord record;
    std::span<const Event> findings;
    Bytes frame;
};

/// The reader's side. Believes no length that it reads.
class TraceReader {
public:
    /// Fails, with one line for people, when the memory is not of this build's layout, or could be cut short.
    static tl::expected<TraceReader, std::string> open(FileDescriptor file);

    std::size_t lanes() const noexcept { return pairs_.size(); }
    /// The name of a lane's pair.
    const std::string& pair(std::size_t lane) const noexcept { return pairs_[lane]; }
    /// The next record of a lane; false when there is none yet. What is none ends the lane.
    bool take(std::size_t lane, TraceView& view) noexcept;
    /// Look before `take`: after an end, what it finds is all.
    TraceEnd end() const noexcept;
    std::uint64_t lost() const noexcept;
    std::uint32_t snap() const noexcept { return snap_; }

private:
    TraceReader(SharedMapping mapping, const TraceHeader& header);
    const TraceLane& lane(std::size_t index) const noexcept {
        return reinterpret_cast<const TraceLane*>(mapping_.data() + sizeof(TraceHeader))[index];
    }

    SharedMapping mapping_;
    std::uint64_t lane_size_, records_offset_;
    std::uint32_t snap_;
    std::vector<std::string> pairs_;
    std::vector<std::uint64_t> taken_;  ///< bytes of each lane
};

}  // namespace sluis
