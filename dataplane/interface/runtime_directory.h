// [runtime] directory: where both programs have what they write while they run.
#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// Makes the last part of the path where it is missing, mode 0755: whichever program comes first. The error is one
/// line.
tl::expected<void, std::string> make_runtime_directory(const std::string& path);

/// Whether it is there, or can be made, this user may write to it, and it has room for `bytes`. Changes nothing. The
/// error is one line.
tl::expected<void, std::string> check_runtime_directory(const std::string& path, std::uint64_t bytes);

}  // namespace sluis
