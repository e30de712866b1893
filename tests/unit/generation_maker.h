// A Generation of rules that a test, a fuzzer or a benchmark keeps elsewhere.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "dataplane/generation.h"

namespace sluis::test {

/// Rules that the caller keeps for as long as anything made of them is used.
inline std::shared_ptr<const RuleSet> borrowed(const RuleSet& rules) { return {std::shared_ptr<void>(), &rules}; }

/// Ends the program when it cannot be made.
inline std::unique_ptr<const Generation> make_generation(Generation::Parts parts) {
    CounterLabels labels{};
    auto made = Generation::make(std::move(parts), labels);
    if (made) return std::move(*made);
    std::fprintf(stderr, "%s\n", made.error().c_str());
    std::abort();
}

/// For one worker, with one zone. REQUIRES: `rules` outlives the result.
inline std::unique_ptr<const Generation> generation_of(const RuleSet& rules, const PipelinePolicy& policy) {
    return make_generation({.rules = borrowed(rules), .policy = policy});
}

}  // namespace sluis::test
