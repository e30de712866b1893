#include "control/rules/allowed_names.h"

#include <algorithm>
#include <cstdint>

namespace sluis {

bool has_allowed_category(const RuleSource& source) {
    return std::any_of(source.categories.begin(), source.categories.end(),
                       [](const SourceCategory& each) { return each.name == kAllowedCategory; });
}

void add_allowed_names(RuleSource& source, const std::vector<std::string>& names) {
    const auto category = static_cast<std::uint16_t>(source.categories.size());
    source.categories.push_back({std::string(kAllowedCategory), false, "allowed by the policy of this box", true});
    for (const std::string& name : names) {
        SourceRule rule;
        rule.kind = RuleKind::suffix;
        rule.name = name;
        rule.expression = literal_expression(rule.kind, name);
        rule.category = category;
        source.rules.push_back(std::move(rule));
    }
}

}  // namespace sluis
