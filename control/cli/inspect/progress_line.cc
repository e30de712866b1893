#include "control/cli/inspect/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sluis {

ProgressLine::ProgressLine()
    : wanted_(isatty(STDERR_FILENO) == 1), next_(std::chrono::steady_clock::now() + std::chrono::seconds(1)) {}

void ProgressLine::show(const CaptureReader& capture) {
    const auto now = std::chrono::steady_clock::now();
    if (!wanted_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(250);
    const InputFile& file = capture.file();
    const std::string part =
        file.size() > 0 ? fmt::format(" of {} MB ({}%)", file.size() / 1'000'000, file.position() * 100 / file.size())
                        : " MB";
    fmt::print(stderr, "\r\x1b[K{}: {} packets, {}{}", file.name(), capture.packets(), file.position() / 1'000'000,
               part);
    std::fflush(stderr);
    drawn_ = true;
}

void ProgressLine::clear() {
    if (!drawn_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    drawn_ = false;
}

}  // namespace sluis
