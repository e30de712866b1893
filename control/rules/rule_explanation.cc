#include "control/rules/rule_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "control/rules/needed_names.h"
#include "control/rules/prefix_breadth.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

/// The most names that are shown for a rule that matches too much.
constexpr std::size_t kShownNames = 3;

class RuleCollector final : public MatchVisitor {
public:
    explicit RuleCollector(std::size_t names) : rules(names) {}
    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override {
        rules[name_index].push_back(rule_id);
    }
    std::vector<std::vector<std::uint32_t>> rules;
};

/// Scans texts, however many; one list of rules each, ascending.
tl::expected<std::vector<std::vector<std::uint32_t>>, std::string> scan_texts(const RuleSet& rules,
                                                                              const std::vector<std::string>& texts) {
    const RuleScanner scanner(rules);
    if (!scanner.ok()) return Error("there is not enough memory to scan");
    std::vector<std::vector<std::uint32_t>> found;
    NameBatch batch;
    for (std::size_t next = 0; next < texts.size();) {
        batch.clear();
        while (next < texts.size() && batch.add_text(as_bytes(texts[next])) >= 0) ++next;
        RuleCollector collector(batch.size());
        scanner.scan(batch, collector);
        for (auto& ids : collector.rules) {
            std::sort(ids.begin(), ids.end());
            found.push_back(std::move(ids));
        }
    }
    return found;
}

const SourceRule* find_source(const RuleSource* source, const Rule& rule) {
    if (source == nullptr) return nullptr;
    const auto found = std::find_if(source->rules.begin(), source->rules.end(), [&](const SourceRule& each) {
        return each.kind == rule.kind && each.name == rule.name;
    });
    return found == source->rules.end() ? nullptr : &*found;
}

ExplainedRule explain_rule(const RuleSet& rules, const RuleSource* source, std::uint32_t id) {
    const Rule rule = rules.rule(id);
    const Category& category = rules.categories()[rule.category];
    ExplainedRule explained{rule.kind, std::string(rule.name), std::string(category.name), category.default_on, {}, {},
                            {}};
    if (const SourceRule* written = find_source(source, rule)) {
        explained.comment = written->comment;
        explained.source = written->source;
        explained.location = written->location;
    }
    return explained;
}

bool has_rule(const RuleSet& rules, const std::vector<std::uint32_t>& ids, const SourceRule& wanted) {
    return std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) {
        const Rule rule = rules.rule(id);
        return rule.kind == wanted.kind && rule.name == wanted.name;
    });
}

/// The address that a text is, as far as a Host may write it: without a port, IPv6 in brackets or not.
std::optional<AddressPrefix> address_of(std::string_view text) {
    if (const auto address = read_address(text)) return address;
    if (text.starts_with('[')) return read_address(text.substr(1, text.find(']') - 1));
    return read_address(text.substr(0, text.find(':')));
}

void explain_address(const RuleSet& rules, const RuleSource* source, const AddressPrefix& address,
                     Explanation& explanation) {
    for (const AddressRule& each : rules.address_rules())
        if (covers(each.prefix, address.address, address.ipv6))
            explanation.rules.push_back(explain_rule(rules, source, each.rule));
}

/// The errors of rules that are on by default and match what every network needs, a few names a rule.
void test_needed_names(const RuleSet& rules, const RuleSource& source, std::vector<std::string>& errors) {
    // The name itself, and some below it.
    const std::array<std::string_view, 3> hosts{"", "some-name.", "www.some-name."};
    std::vector<std::string> texts;
    for (const std::string_view name : needed_names())
        for (const std::string_view host : hosts) texts.push_back(fmt::format("{}{}", host, name));
    const auto found = scan_texts(rules, texts);
    if (!found) return errors.push_back(found.error());
    std::map<std::uint32_t, std::set<std::string_view>> matched;  // of each rule
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string_view name = needed_names()[i / hosts.size()];
        for (const std::uint32_t id : (*found)[i]) {
            if (!rules.categories()[rules.rule(id).category].default_on) continue;
            if (matched[id].size() == kShownNames || !matched[id].insert(name).second) continue;
            const ExplainedRule rule = explain_rule(rules, &source, id);
            errors.push_back(
                fmt::format("{}: rule '{}' is on by default and matches '{}', which every network needs; bind it to "
                            "names of the service itself, or set default = \"off\"",
                            rule.location, rule.name, texts[i]));
        }
    }
}

/// The errors of suffix and exact rules that do not match their own name.
void test_own_names(const RuleSet& rules, const RuleSource& source, std::vector<std::string>& errors) {
    std::vector<const SourceRule*> tested;
    std::vector<std::string> texts;
    for (const SourceRule& rule : source.rules) {
        if (rule.kind == RuleKind::regex || rule.kind == RuleKind::prefix) continue;
        tested.push_back(&rule);
        texts.push_back(rule.kind == RuleKind::suffix ? "a.b." + rule.name : rule.name);
    }
    const auto found = scan_texts(rules, texts);
    if (!found) return errors.push_back(found.error());
    for (std::size_t i = 0; i < tested.size(); ++i) {
        if (has_rule(rules, (*found)[i], *tested[i])) continue;
        errors.push_back(fmt::format("{}: the compiled rule '{}' does not match its own name", tested[i]->location,
                                     tested[i]->name));
    }
}

/// The errors of prefix rules that a table of the loaded set does not find for the first of their own addresses.
void test_prefixes(const RuleSet& rules, const RuleSource& source, std::vector<std::string>& errors) {
    const AddressTable table(rules.address_rules());
    std::set<std::string_view> loaded;
    for (const AddressRule& each : rules.address_rules()) loaded.insert(rules.rule(each.rule).name);
    for (const SourceRule& rule : source.rules) {
        if (rule.kind != RuleKind::prefix) continue;
        const auto prefix = read_address_prefix(rule.name);
        const bool found =
            prefix && loaded.count(rule.name) != 0 && table.find(prefix->address, prefix->ipv6) != AddressTable::kNone;
        if (!found) errors.push_back(fmt::format("{}: no address is found under '{}'", rule.location, rule.name));
    }
}

}  // namespace

bool Explanation::blocked_by_default() const {
    return std::any_of(rules.begin(), rules.end(), [](const ExplainedRule& rule) { return rule.default_on; });
}

std::string_view kind_name(RuleKind kind) {
    constexpr std::array<std::string_view, kRuleKinds> names{"suffix", "exact", "regex", "prefix"};
    return names[static_cast<std::size_t>(kind)];
}

tl::expected<Explanation, std::string> explain_name(const RuleSet& rules, const RuleSource* source,
                                                    std::string_view text) {
    std::array<char, kNormalNameLimit> room;
    Explanation explanation;
    explanation.name.assign(room.data(), normalise_text_name(as_bytes(text), room));
    auto found = scan_texts(rules, {std::string(text)});
    if (!found) return Error(found.error());
    for (std::uint32_t id : found->front()) explanation.rules.push_back(explain_rule(rules, source, id));
    if (const auto address = address_of(text)) explain_address(rules, source, *address, explanation);
    return explanation;
}

std::vector<std::string> self_test(const RuleSet& rules, const RuleSource& source) {
    std::vector<std::string> errors;
    test_needed_names(rules, source, errors);
    test_own_names(rules, source, errors);
    test_prefixes(rules, source, errors);
    const auto too_broad = test_prefix_breadth(source);
    errors.insert(errors.end(), too_broad.begin(), too_broad.end());
    return errors;
}

}  // namespace sluis
