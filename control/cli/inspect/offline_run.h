// One capture through one pipeline, on the capture's own time.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/cli/inspect/capture_reader.h"
#include "control/cli/inspect/capture_writer.h"
#include "control/cli/inspect/checksum_offload.h"
#include "control/cli/inspect/offline_frames.h"
#include "control/cli/inspect/segmentation_offload.h"
#include "control/cli/inspect/side_table.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/pipeline.h"

namespace sluis {

/// What every capture is inspected with. Borrowed.
struct OfflineSettings {
    const Generation& generation;
    const Limits& limits;
    FindingObserver* observer = nullptr;
    CaptureWriter* writer = nullptr;                               ///< gets every frame sent; may be nullptr
    std::function<void(const CaptureReader&)> progress = nullptr;  ///< called now and then; may be empty
};

/// Each capture is a network of its own: use one run for each.
class OfflineRun {
public:
    explicit OfflineRun(const OfflineSettings& settings);

    /// Reads to the end; what came before an error was processed. The error is one line.
    tl::expected<void, std::string> run(CaptureReader& capture);

    WorkerCounters counters() const noexcept { return copy_of(counters_); }
    std::uint64_t frames() const noexcept { return frames_read_; }
    std::uint64_t cut_frames() const noexcept { return cut_frames_; }
    /// Says how the accounts fail to balance, which is a defect of the pipeline; nothing when they do.
    std::optional<std::string> imbalance() const;

private:
    static constexpr std::size_t kOfflineBurst = 32;

    tl::expected<void, std::string> read_all(CaptureReader& capture);
    void take(const CapturedPacket& packet);
    void take_parts(const JoinedSegment& joined, Nanoseconds time);
    Frame* receive(const EthernetParts& parts, Nanoseconds time);
    /// Puts a frame into the burst.
    void put(Frame& frame);
    void flush();
    /// Lets time pass up to `time`.
    void advance(Nanoseconds time);

    const OfflineSettings& settings_;
    OfflineFrames frames_;
    ChecksumOffload checksums_;
    SideTable sides_;
    LiveCounters counters_{};
    Pipeline pipeline_;
    std::vector<Frame*> burst_;
    Nanoseconds burst_time_ = 0;
    Nanoseconds now_ = 0;  ///< of the last burst or tick
    std::uint64_t frames_read_ = 0;
    std::uint64_t cut_frames_ = 0;
};

}  // namespace sluis
