// One table of policy.toml: its keys, read one by one, with what is wrong reported at its place.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "control/policy/policy.h"

namespace sluis {

/// What all tables of a file share.
struct PolicyReport {
    std::string file;
    std::vector<std::string> errors;
    std::vector<std::string> warnings;

    std::string place(const toml::source_region& at) const;
    void fail(const toml::source_region& at, std::string_view what);
    void warn(const toml::source_region& at, std::string_view what);
};

class PolicyTable {
public:
    PolicyTable(const toml::table& table, PolicyReport& report) : table_(table), report_(report) {}

    /// Reports each key that is not among these.
    void check_keys(const std::vector<std::string_view>& known) const;
    /// A text of one line with 1 to `most` bytes; empty, and an error, when it is none, or is missing though required.
    std::string text(std::string_view key, std::size_t most, bool required) const;
    /// Calls `each` for each item of a list; an error when it is no list.
    void list(std::string_view key, const std::function<void(const toml::node&)>& each) const;
    /// The same for a list of tables, [[key]].
    void tables(std::string_view key, const std::function<void(const toml::table&)>& each) const;
    /// A date, or a date with a time. `zone`: for one without an offset.
    std::optional<std::int64_t> moment(std::string_view key, const std::optional<TimeZone>& zone, bool required) const;

    const toml::node* node(std::string_view key) const { return table_.get(key); }
    const toml::source_region& source() const { return table_.source(); }
    std::size_t line() const { return table_.source().begin.line; }
    /// Where a key's value is; the table's place when there is none.
    const toml::source_region& place_of(std::string_view key) const;

private:
    const toml::table& table_;
    PolicyReport& report_;
};

/// The moment that a value means; nothing, and what is wrong in `problem`. `note`: what else to say.
std::optional<std::int64_t> moment_of(const toml::node& node, const TimeZone* zone, std::string& problem,
                                      std::string& note);

}  // namespace sluis
