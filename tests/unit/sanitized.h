// Whether this build is a sanitizers' build: SLUIS_SANITIZED, for the preprocessor, and what tests take from it.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // GCC's word for it
#define SLUIS_SANITIZED 1
#elif defined(__has_feature)  // Clang's
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLUIS_SANITIZED 1
#endif
#endif
#ifndef SLUIS_SANITIZED
#define SLUIS_SANITIZED 0
#endif

namespace sluis::test {

// Sanitizers are ten times slower: there a sample of the cuts is tried, without them every one.
inline constexpr std::size_t kCutStep = SLUIS_SANITIZED ? 7 : 1;

}  // namespace sluis::test
