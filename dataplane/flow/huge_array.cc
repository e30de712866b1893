#include "dataplane/flow/huge_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

namespace sluis {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void* allocate_huge(std::size_t size) {
    void* const memory = ::operator new(size, kAlignment);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = (begin + page - 1) / page * page, last = (begin + size) / page * page;
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
    return memory;
}

void free_huge(void* memory) noexcept { ::operator delete(memory, kAlignment); }

}  // namespace sluis
