// A folder for targets whose parser reads a file; it goes with the process.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sluis {

class FuzzFolder {
public:
    FuzzFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "sluis_fuzz.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    FuzzFolder(const FuzzFolder&) = delete;
    FuzzFolder& operator=(const FuzzFolder&) = delete;
    ~FuzzFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string operator/(const char* name) const { return path_ + "/" + name; }
    /// The file of that name, with these bytes alone.
    void write(const char* name, std::string_view bytes) const {
        std::ofstream(*this / name, std::ios::binary | std::ios::trunc)
            .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }

private:
    std::string path_;
};

}  // namespace sluis
