// The heap with every allocation counted, for tests that frames take nothing from it. Include it in one file of a
// program. SLUIS_OWN_MALLOC is 0, and nothing is counted, where a sanitizer or another C library has its own malloc.
#pragma once

#include <atomic>
#include <cstdlib>

#include "tests/unit/sanitized.h"

#if defined(__GLIBC__) && !SLUIS_SANITIZED
#define SLUIS_OWN_MALLOC 1
#else
#define SLUIS_OWN_MALLOC 0
#endif

#if SLUIS_OWN_MALLOC

namespace {
std::atomic<long> allocations{0};
}

// operator new comes here, too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    ++allocations;
    return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
}

#endif
