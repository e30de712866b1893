// A trace's records as a pcapng file that grows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/interface/trace_file.h"

namespace sluis {

class TraceCollector {
public:
    /// Bytes of a capture. What would come after is lost.
    static constexpr std::size_t kCaptureLimit = std::size_t{128} << 20;

    /// Begins a file with two interfaces for each pair.
    void begin(const TraceReader& reader, std::string_view application, std::string_view comment);
    /// Takes what is there, at most `limit` records of each lane; how many it took.
    std::size_t take(TraceReader& reader, std::size_t limit);
    void clear();

    const std::string& capture() const { return capture_; }
    std::uint64_t frames() const { return frames_; }  ///< that were received: not those that the box made or sent
    std::uint64_t lost() const { return lost_; }

private:
    void append(const TraceView& view, std::size_t lane, const std::string& pair);

    std::string capture_;
    std::vector<std::uint32_t> interfaces_;  ///< of each lane: its inside; its outside is the next
    std::uint64_t frames_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace sluis
