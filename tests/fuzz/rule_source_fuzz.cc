// Any text as a file of rules: errors of one line each, or rules that name their place and are ready for the engine.
#include <cstdlib>

#include "control/rules/rule_source.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    RuleSource source;
    std::vector<std::string> errors;
    read_rule_text({reinterpret_cast<const char*>(data), size}, "fuzz.toml", source, errors);
    for (const std::string& error : errors) require(error.starts_with("fuzz.toml:") && error.find('\n') == error.npos);
    for (const SourceRule& rule : source.rules) {
        require(rule.category < source.categories.size() && rule.location.starts_with("fuzz.toml:"));
        require(!rule.name.empty() && rule.expression.ends_with("\\n"));
        require(rule.kind == RuleKind::regex || rule.name.find('.') != rule.name.npos);
    }
    return 0;
}
