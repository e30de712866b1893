#include "control/rules/rule_compiler.h"

#include <fmt/format.h>
#include <hs.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

/// The rules and categories in the order of the file, which does not depend on the order of reading.
struct Ordered {
    std::vector<const SourceCategory*> categories;
    std::vector<const SourceRule*> rules;
    std::vector<std::uint16_t> category_index;  ///< by index in the source
    std::vector<bool> in_table;                 ///< by index in `rules`
};

bool is_literal(const SourceRule& rule) { return rule.kind == RuleKind::suffix || rule.kind == RuleKind::exact; }

/// Which rules are looked up by hash, and so not compiled. One stays for the engine, which takes no empty set.
std::vector<bool> choose_table_rules(const std::vector<const SourceRule*>& rules, std::size_t engine_names) {
    std::vector<bool> in_table(rules.size());
    std::size_t literals = 0, expressions = 0;
    for (const SourceRule* rule : rules) {
        literals += is_literal(*rule);
        expressions += rule->kind == RuleKind::regex;
    }
    if (literals <= engine_names) return in_table;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (!is_literal(*rules[i])) continue;
        in_table[i] = expressions != 0;
        expressions = 1;
    }
    return in_table;
}

Ordered put_in_order(const RuleSource& source, std::size_t engine_names) {
    Ordered ordered;
    for (const auto& category : source.categories) ordered.categories.push_back(&category);
    std::sort(ordered.categories.begin(), ordered.categories.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
    ordered.category_index.resize(source.categories.size());
    for (std::size_t i = 0; i < ordered.categories.size(); ++i) {
        const auto in_source = static_cast<std::size_t>(ordered.categories[i] - source.categories.data());
        ordered.category_index[in_source] = static_cast<std::uint16_t>(i);
    }
    for (const auto& rule : source.rules) ordered.rules.push_back(&rule);
    std::sort(ordered.rules.begin(), ordered.rules.end(), [&](const SourceRule* a, const SourceRule* b) {
        const auto key = [&](const SourceRule& rule) {
            return std::tie(ordered.category_index[rule.category], rule.kind, rule.name);
        };
        return key(*a) < key(*b);
    });
    ordered.in_table = choose_table_rules(ordered.rules, engine_names);
    return ordered;
}

/// Frees what the engine allocated.
struct FreeDatabase {
    void operator()(hs_database_t* database) const { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;

tl::expected<Database, std::string> compile_database(const Ordered& ordered) {
    const std::vector<const SourceRule*>& rules = ordered.rules;
    std::vector<const char*> expressions;
    std::vector<unsigned> ids;
    for (unsigned id = 0; id < rules.size(); ++id) {
        if (rules[id]->kind == RuleKind::prefix || ordered.in_table[id]) continue;
        expressions.push_back(rules[id]->expression.c_str());
        ids.push_back(id);
    }
    if (ids.empty()) return Error("there is no rule for names to compile, only prefixes");
    // No flags: in particular no HS_FLAG_SINGLEMATCH, since each name of a batch needs its own match, and no CASELESS,
    // since names are folded already.
    const std::vector<unsigned> flags(ids.size(), 0);
    hs_database_t* database = nullptr;
    hs_compile_error_t* problem = nullptr;
    const hs_error_t status =
        hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                         nullptr, &database, &problem);
    if (status == HS_SUCCESS) return Database(database);
    const std::string reason = problem != nullptr ? problem->message : "unknown error";
    const int which = problem != nullptr ? problem->expression : -1;
    hs_free_compile_error(problem);
    if (which < 0) return Error(fmt::format("the matching engine refuses the rules: {}", reason));
    const SourceRule& rule = *rules[ids[static_cast<std::size_t>(which)]];
    return Error(fmt::format("{}: the matching engine refuses rule '{}': {}", rule.location, rule.name, reason));
}

tl::expected<std::string, std::string> serialize(const hs_database_t* database) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) {
        return Error("the matching engine cannot serialize its database: out of memory");
    }
    std::string text(bytes, size);
    std::free(bytes);
    return text;
}

/// Collects the file's parts after the header.
class SetWriter {
public:
    CompiledSection append(const void* data, std::size_t size) {
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        const CompiledSection section{static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(size)};
        bytes_.resize(bytes_.size() + size);
        if (size != 0) std::memcpy(bytes_.data() + section.offset, data, size);
        return section;
    }
    std::vector<std::byte> finish(CompiledHeader header) {
        header.file_size = bytes_.size();
        std::memcpy(bytes_.data(), &header, sizeof header);
        header.digest = sha256(Bytes(bytes_).subspan(kCompiledDigestFrom));
        std::memcpy(bytes_.data(), &header, sizeof header);
        return std::move(bytes_);
    }

private:
    std::vector<std::byte> bytes_ = std::vector<std::byte>(sizeof(CompiledHeader));
};

template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
    std::memcpy(field, text.data(), std::min(text.size(), N - 1));
}

std::vector<std::byte> write_set(const Ordered& ordered, std::string_view database) {
    std::string strings;
    std::vector<CompiledRule> rules;
    for (std::size_t i = 0; i < ordered.rules.size(); ++i) {
        const SourceRule& rule = *ordered.rules[i];
        rules.push_back({static_cast<std::uint32_t>(strings.size()),
                         static_cast<std::uint16_t>(rule.name.size()),
                         ordered.category_index[rule.category],
                         static_cast<std::uint8_t>(rule.kind),
                         static_cast<std::uint8_t>(ordered.in_table[i]),
                         {}});
        strings += rule.name;
    }
    std::vector<CompiledCategory> categories;
    for (const SourceCategory* category : ordered.categories) {
        categories.push_back(
            {static_cast<std::uint32_t>(strings.size()), static_cast<std::uint16_t>(category->name.size()),
             static_cast<std::uint8_t>(category->default_on), static_cast<std::uint8_t>(category->allows)});
        strings += category->name;
    }
    CompiledHeader header{};
    header.magic = kCompiledSetMagic;
    header.version = kCompiledSetVersion;
    header.header_size = sizeof header;
    set_text(header.engine, hs_version());
    set_text(header.processor, processor_kind());
    SetWriter writer;
    header.rules = writer.append(rules.data(), rules.size() * sizeof(CompiledRule));
    header.categories = writer.append(categories.data(), categories.size() * sizeof(CompiledCategory));
    header.strings = writer.append(strings.data(), strings.size());
    header.database = writer.append(database.data(), database.size());
    return writer.finish(header);
}

}  // namespace

tl::expected<std::vector<std::byte>, std::string> compile_rules(const RuleSource& source, std::size_t engine_names) {
    if (source.rules.empty()) return Error("there is no rule to compile");
    const Ordered ordered = put_in_order(source, engine_names);
    auto database = compile_database(ordered);
    if (!database) return Error(database.error());
    auto serialized = serialize(database->get());
    if (!serialized) return Error(serialized.error());
    auto compiled = write_set(ordered, *serialized);
    if (compiled.size() > kCompiledSetLimit) {
        return Error(
            fmt::format("the compiled set would have {} bytes; {} is the most", compiled.size(), kCompiledSetLimit));
    }
    return compiled;
}

tl::expected<std::unique_ptr<RuleSet>, std::string> compile_and_load(const RuleSource& source) {
    auto compiled = compile_rules(source);
    if (!compiled) return Error(compiled.error());
    return RuleSet::load(*compiled);
}

tl::expected<std::unique_ptr<RuleSet>, std::string> open_rules(const std::string& path) {
    std::error_code ignored;
    if (!path.ends_with(".toml") && !std::filesystem::is_directory(path, ignored)) return RuleSet::load_file(path);
    auto source = read_rule_source({path});
    if (!source) return Error(fmt::format("{}", fmt::join(source.error(), "\n")));
    return compile_and_load(*source);
}

}  // namespace sluis
