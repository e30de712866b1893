// What a self-test may name: the categories and rules of its own bundle. A test of anything else would prove nothing:
// that no rule of a category that is misspelt matches is always true.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "control/bundle/bundle.pb.h"
#include "control/bundle/bundle_error.h"

namespace sluis {

class SelfTestTargets {
public:
    void add(const std::string& category, const std::string& rule) {
        known_.insert({{category, rule}, {category, ""}, {"", rule}});
    }
    /// `self_test_failed` for the first test that names a category or a rule, or a rule of a category, that was not
    /// added. Tests are counted from 1 on.
    Checked<void> check(const google::protobuf::RepeatedPtrField<wire::SelfTest>& tests) const;

private:
    std::set<std::pair<std::string, std::string>> known_;  ///< category and rule; either may be empty: any
};

}  // namespace sluis
