// What commands say on standard error.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

struct BundleError;

/// Prints one line on standard error, control characters escaped; returns kExitFailed.
int fail_command(std::string_view line);
/// The same, about a file that was refused: its code, the code's name, and why.
int fail_command(const std::string& file, const BundleError& error);

/// A line on a terminal's standard error while something takes its time; gone with its scope.
class WaitingLine {
public:
    explicit WaitingLine(std::string_view what);
    ~WaitingLine();
    WaitingLine(const WaitingLine&) = delete;
    WaitingLine& operator=(const WaitingLine&) = delete;

private:
    bool shown_;
};

}  // namespace sluis
