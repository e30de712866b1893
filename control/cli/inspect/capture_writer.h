// Writes frames as a pcap file with nanosecond time stamps and link type Ethernet.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/finding.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

class CaptureWriter {
public:
    /// Makes or empties the file and writes its header. The error is one line with the path.
    static tl::expected<std::unique_ptr<CaptureWriter>, std::string> create(const std::string& path);

    ~CaptureWriter();
    CaptureWriter(const CaptureWriter&) = delete;
    CaptureWriter& operator=(const CaptureWriter&) = delete;

    /// Appends one frame. The first error is kept for `close`.
    void write(Bytes frame, Nanoseconds time) noexcept;
    std::uint64_t frames() const noexcept { return frames_; }
    /// Flushes and closes; says what went wrong, if anything did since `create`; then the
    /// file goes, when it is a regular one: half of what was sent would read as the whole. No writes after it.
    tl::expected<void, std::string> close();

private:
    struct Close {
        void operator()(std::FILE* stream) const noexcept { std::fclose(stream); }
    };
    CaptureWriter(std::FILE* stream, std::string path) : stream_(stream), path_(std::move(path)) {}
    void put(Bytes bytes) noexcept;

    std::unique_ptr<std::FILE, Close> stream_;
    std::string path_;
    std::uint64_t frames_ = 0;
    int error_ = 0;
};

}  // namespace sluis
