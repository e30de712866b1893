// A folder of a test's own: ctest runs tests of one file side by side, and other builds run on the same machine.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

namespace sluis {

/// An empty folder that nobody else knows of; it goes with what is in it.
class ScratchFolder {
public:
    ScratchFolder() {
        std::string name = testing::TempDir() + "sluis_test.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << name << ": cannot be made";
        path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace sluis
