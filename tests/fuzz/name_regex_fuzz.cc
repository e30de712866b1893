// Any text as the regular expression of a rule, and lines behind it as names: what is accepted stays within its bounds,
// and a name's verdict alone is its verdict in a batch.
#include <cstdlib>
#include <set>
#include <string_view>
#include <vector>

#include "control/rules/name_regex.h"
#include "control/rules/rule_compiler.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

/// The engine takes seconds for a large expression: those are only rewritten.
constexpr std::size_t kCompileLimit = 40;
constexpr std::size_t kNameCountLimit = 8;

class Matches final : public MatchVisitor {
public:
    void on_match(std::uint32_t name_index, std::uint32_t) noexcept override { names.insert(name_index); }
    std::set<std::uint32_t> names;
};

std::set<std::uint32_t> scan(const RuleScanner& scanner, const std::vector<std::string_view>& names) {
    NameBatch batch;
    for (const std::string_view name : names) batch.add_text(as_bytes(name));
    Matches matches;
    scanner.scan(batch, matches);
    return matches.names;
}

void check_names(const std::string& expression, const std::vector<std::string_view>& names) {
    RuleSource source;
    source.categories.push_back({"fuzz", true, "fuzz"});
    source.rules.push_back({.kind = RuleKind::regex, .name = "fuzz", .expression = expression});
    const auto rules = compile_and_load(source);
    if (!rules) return require(!rules.error().empty());
    const RuleScanner scanner(**rules);
    const auto together = scan(scanner, names);
    for (std::uint32_t i = 0; i < names.size(); ++i) require(together.count(i) == scan(scanner, {names[i]}).count(0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::vector<std::string_view> lines;
    while (!text.empty() && lines.size() <= kNameCountLimit) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    if (lines.empty()) return 0;
    const std::string_view regex = lines[0];
    const auto expression = rewrite_name_regex(regex);
    if (!expression) {
        require(!expression.error().empty() && expression.error().find('\n') == std::string::npos);
        return 0;
    }
    require(regex.size() <= kRegexLimit && expression->ends_with("\\n"));
    if (regex.size() > kCompileLimit || regex.find('{') != regex.npos || lines.size() < 2) return 0;
    check_names(*expression, {lines.begin() + 1, lines.end()});
    return 0;
}
