#include "control/rules/rule_source.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "control/rules/name_regex.h"
#include "control/rules/rule_name.h"
#include "control/rules/rule_prefix.h"
#include "control/rules/toml_key_depth.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

constexpr std::uintmax_t kSourceFileLimit = 16 << 20;
constexpr std::size_t kCategoryLimit = 60000;
constexpr std::size_t kTextLimit = 1000;

/// Reads one file's tables into a RuleSource, and reports what is wrong at its place.
class FileReader {
public:
    FileReader(std::string file, RuleSource& source, std::vector<std::string>& errors)
        : file_(std::move(file)), source_(source), errors_(errors) {
        for (const SourceRule& rule : source.rules) seen_.emplace(std::pair(rule.kind, rule.name), rule.location);
    }
    void read(const toml::table& file);
    void fail(const toml::source_region& at, const std::string& what) { errors_.push_back(place(at) + ": " + what); }

private:
    std::string place(const toml::source_region& at) const {
        return fmt::format("{}:{}:{}", file_, at.begin.line, at.begin.column);
    }
    void check_keys(const toml::table& table, const std::vector<std::string_view>& known);
    std::optional<std::string> text(const toml::table& table, std::string_view key, bool required = true);
    bool category(const toml::table& file);
    void rules(const toml::table& file, RuleKind kind, std::string_view key);
    void rule(const toml::table& row, RuleKind kind);
    bool identity(const toml::table& row, SourceRule& rule);
    bool regex(const toml::table& row, SourceRule& rule);
    std::optional<std::string> pattern(const toml::table& row);

    std::string file_;
    RuleSource& source_;
    std::vector<std::string>& errors_;
    std::uint16_t category_ = 0;
    std::string default_source_;
    std::map<std::pair<RuleKind, std::string>, std::string> seen_;  ///< rule → location
};

void FileReader::check_keys(const toml::table& table, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : table) {
        if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
        fail(key.source(), fmt::format("unknown key '{}'{}", key.str(), hint(key.str(), known, '\'')));
    }
}

/// A text of the table; nothing, and an error, when it is missing though required, no text, empty, or not for one line.
std::optional<std::string> FileReader::text(const toml::table& table, std::string_view key, bool required) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
        if (required) fail(table.source(), fmt::format("'{}' is missing", key));
        return std::nullopt;
    }
    const auto* value = node->as_string();
    if (value == nullptr) {
        fail(node->source(), fmt::format("'{}' must be a text in quotes", key));
        return std::nullopt;
    }
    const std::string& content = value->get();
    const bool one_line =
        std::none_of(content.begin(), content.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (content.empty() || content.size() > kTextLimit + kRegexLimit || !one_line) {
        fail(node->source(), fmt::format("'{}' must be one line of text, and not empty", key));
        return std::nullopt;
    }
    return content;
}

bool FileReader::category(const toml::table& file) {
    const auto name = text(file, "category");
    const auto mode = text(file, "default");
    const auto comment = text(file, "comment");
    if (!name || !mode || !comment) return false;
    if (*mode != "on" && *mode != "off") {
        fail(file.get("default")->source(), fmt::format("'default' is '{}'; it must be \"on\" or \"off\"", *mode));
        return false;
    }
    auto& all = source_.categories;
    auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == *name; });
    if (found == all.end()) {
        if (all.size() == kCategoryLimit) return fail(file.source(), "too many categories"), false;
        found = all.insert(all.end(), {*name, *mode == "on", *comment});
    } else if (found->default_on != (*mode == "on")) {
        fail(file.get("default")->source(),
             fmt::format("category '{}' is {} by default in another file", *name, found->default_on ? "on" : "off"));
    }
    category_ = static_cast<std::uint16_t>(found - all.begin());
    return true;
}

void FileReader::rules(const toml::table& file, RuleKind kind, std::string_view key) {
    const toml::node* node = file.get(key);
    if (node == nullptr) return;
    const toml::array* rows = node->as_array();
    if (rows == nullptr) return fail(node->source(), fmt::format("'{}' must be an array: {} = [ … ]", key, key));
    for (const toml::node& row : *rows) {
        if (const toml::table* table = row.as_table()) {
            rule(*table, kind);
        } else {
            fail(row.source(), "a rule must be a table: { name = \"…\", comment = \"…\" }");
        }
    }
}

void FileReader::rule(const toml::table& row, RuleKind kind) {
    check_keys(row, kind == RuleKind::regex ? std::vector<std::string_view>{"name", "pattern", "comment", "source"}
                                            : std::vector<std::string_view>{"name", "comment", "source"});
    SourceRule rule;
    rule.kind = kind;
    rule.category = category_;
    rule.location = place(row.source());
    rule.comment = text(row, "comment").value_or("");
    rule.source = text(row, "source", default_source_.empty()).value_or(default_source_);
    if (!identity(row, rule)) return;
    const auto [other, added] = seen_.emplace(std::pair(rule.kind, rule.name), rule.location);
    if (!added) return fail(row.source(), fmt::format("'{}' is a rule already, at {}", rule.name, other->second));
    source_.rules.push_back(std::move(rule));
}

bool FileReader::identity(const toml::table& row, SourceRule& rule) {
    const auto written = text(row, "name");
    if (!written) return false;
    if (rule.kind == RuleKind::regex) {
        rule.name = *written;
        return written->size() <= kTextLimit ? regex(row, rule) : (fail(row.source(), "'name' is too long"), false);
    }
    const bool is_prefix = rule.kind == RuleKind::prefix;
    const auto name = is_prefix ? read_rule_prefix(*written) : read_rule_name(*written);
    if (!name) {
        const std::string_view what = is_prefix ? "prefix" : "name";
        fail(row.get("name")->source(), fmt::format("'{}' is no {} for a rule: {}", *written, what, name.error()));
        return false;
    }
    rule.name = *name;
    if (!is_prefix) rule.expression = literal_expression(rule.kind, *name);
    return true;
}

/// The pattern: one text, or the parts of a long one.
std::optional<std::string> FileReader::pattern(const toml::table& row) {
    const toml::array* parts = row.get_as<toml::array>("pattern");
    if (parts == nullptr) return text(row, "pattern");
    std::string whole;
    for (const toml::node& part : *parts) {
        if (!part.is_string()) {
            fail(part.source(), "'pattern' must be a text in quotes, or an array of the parts of one");
            return std::nullopt;
        }
        whole += part.as_string()->get();
    }
    return whole;
}

bool FileReader::regex(const toml::table& row, SourceRule& rule) {
    const auto written = pattern(row);
    if (!written) return false;
    auto expression = rewrite_name_regex(*written);
    if (!expression) {
        fail(row.get("pattern")->source(), fmt::format("rule '{}': {}", rule.name, expression.error()));
        return false;
    }
    rule.expression = std::move(*expression);
    return true;
}

void FileReader::read(const toml::table& file) {
    check_keys(file, {"category", "default", "comment", "source", "suffix", "exact", "prefix", "regex"});
    if (!category(file)) return;
    default_source_ = text(file, "source", false).value_or("");
    rules(file, RuleKind::suffix, "suffix");
    rules(file, RuleKind::exact, "exact");
    rules(file, RuleKind::prefix, "prefix");
    rules(file, RuleKind::regex, "regex");
}

std::optional<std::string> read_text_file(const std::string& path, std::vector<std::string>& errors) {
    std::error_code problem;
    // Asked before it is opened: a pipe would wait for ever.
    if (const auto kind = std::filesystem::status(path, problem);
        std::filesystem::exists(kind) && !is_regular_file(kind)) {
        errors.push_back(fmt::format("{}: is no regular file; name a rule file or a directory of them", path));
        return std::nullopt;
    }
    const auto size = std::filesystem::file_size(path, problem);
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (problem || !stream) {
        const std::string cause = problem ? problem.message() : std::strerror(errno);
        errors.push_back(fmt::format("{}: cannot be read: {}; name a rule file or a directory of them", path, cause));
        return std::nullopt;
    }
    if (size > kSourceFileLimit) {
        errors.push_back(
            fmt::format("{}: has {} bytes, and {} are the most for a rule file", path, size, kSourceFileLimit));
        return std::nullopt;
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    stream.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

/// The files that `path` stands for, in the order of their names.
std::set<std::string> files_of(const std::string& path, std::vector<std::string>& errors) {
    std::error_code problem;
    if (!std::filesystem::is_directory(path, problem)) return {path};
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path, problem)) {
        if (entry.path().extension() == ".toml") files.insert(entry.path().string());
    }
    if (problem) errors.push_back(fmt::format("{}: cannot be read: {}", path, problem.message()));
    if (!problem && files.empty())
        errors.push_back(fmt::format("{}: no file named *.toml in this directory; name one that has", path));
    return files;
}

}  // namespace

std::string literal_expression(RuleKind kind, std::string_view name) {
    return (kind == RuleKind::exact ? "\\n\\." : "\\.") + escape_for_engine(name) + "\\n";
}

void read_rule_text(std::string_view text, const std::string& file, RuleSource& source,
                    std::vector<std::string>& errors) {
    if (const std::size_t line = find_deep_key(text); line != 0) {
        errors.push_back(
            fmt::format("{}:{}:1: a key of more than {} parts; rules have none", file, line, kKeyDotLimit));
        return;
    }
    FileReader reader(file, source, errors);
    try {
        reader.read(toml::parse(text, file));
    } catch (const toml::parse_error& error) {
        reader.fail(error.source(), one_line(error.description()));
    }
}

tl::expected<RuleSource, std::vector<std::string>> read_rule_source(const std::vector<std::string>& paths) {
    RuleSource source;
    std::vector<std::string> errors;
    for (const std::string& path : paths) {
        for (const std::string& file : files_of(path, errors)) {
            if (const auto text = read_text_file(file, errors)) read_rule_text(*text, file, source, errors);
        }
    }
    if (errors.empty() && source.rules.empty()) errors.push_back("there is no rule in what was read");
    if (!errors.empty()) return tl::unexpected(errors);
    return source;
}

}  // namespace sluis
