// Events into a file: appended, a line each.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "control/events/event_sink.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {

/// Follows whoever renames or removes the file (logrotate) within a second, and at once when told to reopen. At
/// `size_limit` bytes the file becomes PATH.1, which replaces an older one, so that both together have a bound. Never
/// follows a symbolic link, and writes to regular files only. A line is there whole or not at all.
class FileTarget final : public SinkTarget {
public:
    FileTarget(std::string path, std::uint64_t size_limit) : path_(std::move(path)), size_limit_(size_limit) {}

    Delivery deliver(const EventLine& line) override;
    void look() override;
    void reopen() override { file_.reset(); }
    std::string problem() const override { return problem_; }

private:
    bool open();
    bool make_room(std::size_t size);
    bool fail(const char* what);

    std::string path_;
    std::uint64_t size_limit_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
    std::chrono::steady_clock::time_point looked_{};
    std::string problem_;
};

}  // namespace sluis
