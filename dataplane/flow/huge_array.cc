#include "dataplane/flow/huge_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace sluis {
namespace {

constexpr std::size_t kCacheLine = 64, kHugePage = std::size_t{2} << 20;

/// A table that began within a huge page would have none until the next one: one of 2 MiB, none at all.
constexpr std::align_val_t alignment_of(std::size_t size) noexcept {
    return std::align_val_t{size < kHugePage ? kCacheLine : kHugePage};
}

}  // namespace

void* allocate_huge(std::size_t size) {
    void* const memory = ::operator new(size, alignment_of(size));
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = (begin + page - 1) / page * page, last = (begin + size) / page * page;
    if (first >= last) return memory;
    void* const pages = reinterpret_cast<void*>(first);
    madvise(pages, last - first, MADV_HUGEPAGE);
    // Or the frame that touches a page first waits until the kernel has found and cleared it: 2 MiB at once.
    if (madvise(pages, last - first, MADV_POPULATE_WRITE) != 0) std::memset(pages, 0, last - first);
    return memory;
}

void free_huge(void* memory, std::size_t size) noexcept { ::operator delete(memory, alignment_of(size)); }

}  // namespace sluis
