// Two rule sets that never agree: A refuses a.example alone, B refuses b.example alone. Whoever judges by one whole set
// refuses exactly one of the two names.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "control/rules/rule_compiler.h"

namespace sluis::test {

/// The source of a set of one category with one suffix rule.
inline RuleSource source_of(const std::string& name, const std::string& category = "tiktok") {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text("category = \"" + category + "\"\ndefault = \"on\"\ncomment = \"test\"\nsource = \"test\"\n" +
                       "suffix = [ { name = \"" + name + "\", comment = \"test\" } ]\n",
                   "test.toml", source, errors);
    for (const std::string& error : errors) ADD_FAILURE() << error;
    return source;
}

inline std::shared_ptr<const RuleSet> rules_of(const RuleSource& source) {
    auto loaded = compile_and_load(source);
    if (!loaded) ADD_FAILURE() << loaded.error();
    return std::move(*loaded);
}

}  // namespace sluis::test
