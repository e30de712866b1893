// The line on a terminal that says how far a long capture has been read.
#pragma once

#include <chrono>

#include "control/cli/inspect/capture_reader.h"

namespace sluis {

/// Silent unless standard error is a terminal.
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    bool wanted() const noexcept { return wanted_; }
    /// Draws the line anew, at most a few times a second.
    void show(const CaptureReader& capture);
    /// Removes the line, for other output to take its place.
    void clear();

private:
    bool wanted_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace sluis
