#include "control/cli/named_rules.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "control/bundle/bundle_files.h"
#include "control/cli/bundle_source.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/rule_explanation.h"
#include "control/rules/shipped_rules.h"

namespace sluis {
namespace {

using Errors = tl::unexpected<Lines>;

}  // namespace

tl::expected<NamedRules, Lines> build_rules(tl::expected<RuleSource, Lines> source) {
    if (!source) return Errors(source.error());
    const auto start = std::chrono::steady_clock::now();
    auto compiled = compile_rules(*source);
    if (!compiled) return Errors(Lines{compiled.error()});
    const auto time = std::chrono::steady_clock::now() - start;
    auto set = RuleSet::load(*compiled);
    if (!set) return Errors(Lines{set.error()});
    if (auto errors = self_test(**set, *source); !errors.empty()) return Errors(errors);
    const std::size_t size = compiled->size();
    return NamedRules{
        std::move(*source),  true, std::move(*set), size, std::chrono::duration_cast<std::chrono::milliseconds>(time),
        std::move(*compiled)};
}

tl::expected<RuleSource, Lines> read_rules(const Lines& paths) {
    if (!paths.empty()) return read_rule_source(paths);
    const auto shipped = find_shipped_rules();
    if (!shipped) return Errors(Lines{shipped.error()});
    return read_rule_source({*shipped});
}

tl::expected<NamedRules, Lines> open_named_rules(const std::string& path) {
    std::error_code ignored;
    if (path.empty()) return build_rules(read_rules({}));
    if (path.ends_with(".toml") || std::filesystem::is_directory(path, ignored)) return build_rules(read_rules({path}));
    if (is_bundle(path)) return build_rules(read_bundle_source(path));
    auto set = RuleSet::load_file(path);
    if (!set) return Errors(Lines{set.error()});
    return NamedRules{{}, false, std::move(*set), std::filesystem::file_size(path, ignored), {}, {}};
}

std::string host_of(std::string name) {
    if (const auto scheme = name.find("://"); scheme != std::string::npos) name.erase(0, scheme + 3);
    return name.substr(0, name.find_first_of("/?#"));
}

}  // namespace sluis
