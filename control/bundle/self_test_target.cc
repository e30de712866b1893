#include "control/bundle/self_test_target.h"

#include <fmt/format.h>

namespace sluis {

Checked<void> SelfTestTargets::check(const google::protobuf::RepeatedPtrField<wire::SelfTest>& tests) const {
    int number = 0;
    for (const wire::SelfTest& test : tests) {
        ++number;
        const bool names_any = !test.category().empty() || !test.rule().empty();
        if (!names_any || known_.count({test.category(), test.rule()}) != 0) continue;
        return refuse(BundleCode::self_test_failed,
                      fmt::format("self-test {}: the bundle has no rule{}{}", number,
                                  test.rule().empty() ? "" : fmt::format(" '{}'", test.rule()),
                                  test.category().empty() ? "" : fmt::format(" of category '{}'", test.category())));
    }
    return {};
}

}  // namespace sluis
