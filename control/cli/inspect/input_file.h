// A file, or standard input, read forward only.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// Reads forward with exact sizes, so that it works for pipes too. Buffered by stdio.
class InputFile {
public:
    /// "-" is standard input. The error is one line with the path.
    static tl::expected<InputFile, std::string> open(const std::string& path);
    /// Takes over an open stream; `name` is what errors call it.
    InputFile(std::FILE* stream, std::string name);

    const std::string& name() const noexcept { return name_; }
    /// Bytes read so far.
    std::uint64_t position() const noexcept { return position_; }
    /// Size in bytes; 0 where that is not known (a pipe).
    std::uint64_t size() const noexcept { return size_; }

    /// Fills `room` as far as the file goes; returns the bytes read.
    std::size_t read(MutableBytes room) noexcept;
    /// Reads past `count` bytes; returns how many there were.
    std::uint64_t skip(std::uint64_t count) noexcept;
    /// Whether the system reported a read error, which is not the file's end.
    bool failed() const noexcept { return error_ != 0; }
    /// What is wrong with a file that ended early: the end, or a read error of the system.
    std::string why_short() const;

private:
    struct Close {
        void operator()(std::FILE* stream) const noexcept;
    };
    std::unique_ptr<std::FILE, Close> stream_;
    std::string name_;
    std::uint64_t position_ = 0;
    std::uint64_t size_ = 0;
    int error_ = 0;
};

}  // namespace sluis
