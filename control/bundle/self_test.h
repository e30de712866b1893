// The self-tests that a bundle brings: names, addresses and captured hellos that must, and must not, match.
#pragma once

#include <string>

#include "control/bundle/bundle.pb.h"
#include "control/bundle/bundle_error.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// All must hold, and name only categories and rules that there are; `self_test_failed` says which one did not, and
/// what matched instead.
Checked<void> run_self_tests(const RuleSet& rules, const google::protobuf::RepeatedPtrField<wire::SelfTest>& tests);

/// None of the names may match a rule that is on by default, and where one is an address, neither may that;
/// `pinned_name_refused` otherwise.
Checked<void> check_pinned_names(const RuleSet& rules, const google::protobuf::RepeatedPtrField<std::string>& names);

}  // namespace sluis
