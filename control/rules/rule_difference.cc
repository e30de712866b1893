#include "control/rules/rule_difference.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "control/rules/rule_explanation.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

std::set<std::string> described(const RuleSource& source) {
    std::set<std::string> rules;
    for (const SourceRule& rule : source.rules) {
        const bool is_known = rule.category < source.categories.size();
        const std::string category = is_known ? source.categories[rule.category].name : "";
        // A regular expression keeps its name when it changes.
        const std::string expression = rule.kind == RuleKind::regex ? " " + one_line(rule.expression) : "";
        rules.insert(std::string(kind_name(rule.kind)) + " " + rule.name + expression + ", " + category);
    }
    return rules;
}

void add(std::vector<std::string>& lines, std::string_view sign, const std::set<std::string>& have,
         const std::set<std::string>& have_not) {
    std::vector<std::string> only;
    std::set_difference(have.begin(), have.end(), have_not.begin(), have_not.end(), std::back_inserter(only));
    for (const std::string& rule : only) lines.push_back(std::string(sign) + " " + rule);
}

}  // namespace

std::vector<std::string> rule_difference(const RuleSource& before, const RuleSource& after, std::size_t limit) {
    const std::set<std::string> old_rules = described(before), new_rules = described(after);
    std::vector<std::string> lines;
    add(lines, "-", old_rules, new_rules);
    add(lines, "+", new_rules, old_rules);
    if (lines.size() <= limit) return lines;
    const std::size_t surplus = lines.size() - limit;
    lines.resize(limit);
    lines.push_back("and " + std::to_string(surplus) + " more");
    return lines;
}

}  // namespace sluis
