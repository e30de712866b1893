// One dataplane a runtime directory: the lock that its process holds.
#pragma once

#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// Holds `lock` in the runtime directory, by flock(2); it ends with the process, however that ends. The file stays, so
/// that two processes never lock two files of one name.
class RuntimeLock {
public:
    /// Makes the directory and the file when they are missing. Fails, with one line for people, when another process
    /// holds the lock: it says which one. Nothing else in the directory is touched.
    static tl::expected<RuntimeLock, std::string> take(const std::string& runtime_directory);
    RuntimeLock(RuntimeLock&& other) noexcept;
    RuntimeLock& operator=(RuntimeLock&&) = delete;
    ~RuntimeLock();

private:
    explicit RuntimeLock(int descriptor) noexcept : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace sluis
