// The way between the ports: whoever lets frames cross holds this lock, so that never two do at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/file_descriptor.h"

namespace sluis {

/// `way` in the runtime directory, locked by fcntl(2): the lock ends with its process, however that ends, and the
/// kernel tells the process id of its holder. A dataplane takes it before its ports receive and holds it for as long as
/// it forwards. sluis-guard holds it for as long as it joins the ports or parts them.
///
/// Such locks belong to a process: only one PathLock of a directory may be open in it, since closing any other would
/// end the lock of the first.
class PathLock {
public:
    /// Makes the directory and the file when they are missing. Locks nothing.
    static tl::expected<PathLock, std::string> open(const std::string& runtime_directory);

    /// Whether it is held by this process now. Does not wait.
    bool try_take() noexcept;
    /// As above; waits for whoever has it, for so long at the most. The error is one line, and says who that is.
    tl::expected<void, std::string> take_within(std::chrono::milliseconds time);
    void release() noexcept;
    /// Another process that holds it.
    std::optional<pid_t> holder() const noexcept;
    /// Whether the file is still the one that others open by its name.
    bool is_current() const noexcept;

private:
    PathLock(std::string path, int descriptor) : path_(std::move(path)), file_(descriptor) {}

    std::string path_;
    FileDescriptor file_;
};

}  // namespace sluis
