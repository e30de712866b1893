// Objects on their way from control to the dataplane: memory files (memfd_create) that nobody can change any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// A sealed file that holds `bytes`. `name` shows in /proc.
tl::expected<FileDescriptor, std::string> seal_memory(const char* name, Bytes bytes);

enum class SealedError {
    not_sealed,  ///< no memfd, or one that may still be written, grow, shrink, or lose its seals
    too_large,
    no_memory,
    unreadable,
};

/// What a sealed file holds, copied: a mapping of somebody else's file may end in SIGBUS where the system has no memory
/// for its pages. Fails with `no_memory` unless the machine has room for `copies` of it and kSpareMemory more: a
/// process that asks for more than there is ends (end_without_memory).
inline constexpr std::uint64_t kSpareMemory = std::uint64_t{32} << 20;
tl::expected<std::vector<std::byte>, SealedError> read_sealed(int descriptor, std::uint64_t limit,
                                                              std::uint32_t copies);

}  // namespace sluis
