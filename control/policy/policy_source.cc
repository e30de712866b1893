#include "control/policy/policy_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "control/policy/policy_overlap.h"
#include "control/policy/policy_table.h"
#include "control/rules/rule_name.h"
#include "control/rules/toml_key_depth.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

constexpr std::size_t kTextLimit = 500;
constexpr std::size_t kCategoryNameLimit = 200;
constexpr std::int64_t kLastVlan = 4094;

/// Reads one file, table by table.
class SourceReader {
public:
    SourceReader(const std::string& file, const ReadDeviceFile& read_device_file)
        : read_device_file_(read_device_file), report_{file, {}, {}} {
        policy_.file = file;
    }

    tl::expected<Policy, Lines> read(const toml::table& root) {
        const PolicyTable top(root, report_);
        top.check_keys({"policy", "zone", "allow"});
        read_settings(top);
        top.tables("zone", [&](const toml::table& table) { read_zone(PolicyTable(table, report_)); });
        top.tables("allow", [&](const toml::table& table) { read_allowed(PolicyTable(table, report_)); });
        if (report_.errors.empty() && policy_.zones.empty())
            report_.errors.push_back(report_.file + ":1:1: there is no zone; write a [[zone]] with a name and a rule");
        if (report_.errors.empty()) finish();
        if (!report_.errors.empty()) return tl::unexpected(std::move(report_.errors));
        policy_.warnings = std::move(report_.warnings);
        return std::move(policy_);
    }
    Lines refuse(const toml::source_region& at, std::string_view what) {
        report_.fail(at, what);
        return std::move(report_.errors);
    }

private:
    void read_settings(const PolicyTable& top) {
        const toml::node* const node = top.node("policy");
        if (node == nullptr) return;
        if (!node->is_table()) return report_.fail(node->source(), "'policy' must be a table: [policy]");
        const PolicyTable settings(*node->as_table(), report_);
        settings.check_keys({"time_zone"});
        const std::string name = settings.text("time_zone", kTextLimit, false);
        if (name.empty()) return;
        const auto zone = TimeZone::find(name);
        if (!zone) return report_.fail(settings.place_of("time_zone"), zone.error());
        policy_.time_zone = *zone;
    }

    void read_zone(const PolicyTable& table) {
        table.check_keys({"name", "vlans", "prefixes", "pairs", "devices", "language", "rule"});
        PolicyZone zone;
        zone.line = table.line();
        zone.name = read_word(table, "name", kZoneNameSize, true);
        zone.language = read_language(table);
        std::bitset<kVlanCount> vlans;
        table.list("vlans", [&](const toml::node& item) { read_vlan(item, vlans); });
        for (std::uint16_t id = 0; id < kVlanCount; ++id)
            if (vlans[id]) zone.vlans.push_back(id);
        table.list("prefixes", [&](const toml::node& item) { read_prefix(item, zone); });
        table.list("pairs", [&](const toml::node& item) { read_pair(item, zone); });
        read_devices(table, zone);
        table.tables("rule", [&](const toml::table& rule) { read_rule(PolicyTable(rule, report_), zone); });
        if (zone.rules.size() > kZoneRuleLimit)
            report_.fail(table.source(), fmt::format("a zone has {} rules at the most", kZoneRuleLimit));
        check_name(table, zone);
        policy_.zones.push_back(std::move(zone));
    }

    void check_name(const PolicyTable& table, const PolicyZone& zone) {
        for (const PolicyZone& other : policy_.zones)
            if (!zone.name.empty() && other.name == zone.name)
                report_.fail(table.place_of("name"), fmt::format("zone '{}' is there already, at line {}; give one "
                                                                 "another name",
                                                                 zone.name, other.line));
        if (zone.name == kElsewhere && !zone.is_for_everybody())
            report_.fail(
                table.place_of("name"),
                fmt::format("'{}' is what the zone without matchers is called; choose another name", zone.name));
    }

    std::string read_word(const PolicyTable& table, std::string_view key, std::size_t most, bool required) {
        std::string word = table.text(key, most, required);
        if (word.empty() || is_zone_name(word)) return word;
        report_.fail(table.place_of(key),
                     fmt::format("'{}' will not do; write letters, digits, '.', '_' and '-', no '.' first", word));
        return "";
    }

    std::string read_language(const PolicyTable& table) {
        std::string tag = table.text("language", kZoneLanguageSize, false);
        const auto may_be = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-'; };
        if (tag.empty() || (tag.size() >= 2 && std::all_of(tag.begin(), tag.end(), may_be))) return tag;
        report_.fail(table.place_of("language"), fmt::format("'{}' is no language; write \"nl\", \"fr\", \"de\" or "
                                                             "\"en\"",
                                                             tag));
        return "";
    }

    void read_vlan(const toml::node& item, std::bitset<kVlanCount>& vlans) {
        std::int64_t first = -1, last = -1;
        if (item.is_integer()) first = last = item.as_integer()->get();
        if (item.is_string()) read_vlan_text(item.as_string()->get(), first, last);
        const bool untagged = item.is_string() && item.as_string()->get() == "untagged";
        if (!untagged && (first < 1 || last < first || last > kLastVlan))
            return report_.fail(item.source(), "no VLAN: write 1 to 4094, a range such as \"30-39\", or \"untagged\"");
        if (untagged) first = last = 0;
        for (std::int64_t id = first; id <= last; ++id) vlans.set(static_cast<std::size_t>(id));
    }

    static void read_vlan_text(std::string_view text, std::int64_t& first, std::int64_t& last) {
        const char* const end = text.data() + text.size();
        const auto head = std::from_chars(text.data(), end, first);
        if (head.ec != std::errc{} || head.ptr == end || *head.ptr != '-') return;
        const auto tail = std::from_chars(head.ptr + 1, end, last);
        if (tail.ec != std::errc{} || tail.ptr != end) last = -1;
    }

    void read_prefix(const toml::node& item, PolicyZone& zone) {
        const std::string text = item.is_string() ? item.as_string()->get() : "";
        auto prefix = read_address_prefix(text);
        if (!prefix) prefix = read_address(text);
        if (!prefix)
            return report_.fail(item.source(), fmt::format("'{}' is no prefix; write \"10.1.0.0/16\" or "
                                                           "\"2001:db8::/32\", with no bit behind its length",
                                                           text));
        if (++prefixes_ > kZonePrefixLimit)
            return report_.fail(item.source(), fmt::format("a policy has {} prefixes at the most", kZonePrefixLimit));
        zone.prefixes.push_back(*prefix);
    }

    void read_pair(const toml::node& item, PolicyZone& zone) {
        const std::string name = item.is_string() ? item.as_string()->get() : "";
        if (!is_zone_name(name) || name.size() >= sizeof ZonePair::name)
            return report_.fail(item.source(), fmt::format("'{}' is no pair's name; write it as in sluis.toml", name));
        pairs_.insert(name);
        if (pairs_.size() > kZonePairLimit)
            return report_.fail(item.source(), fmt::format("a policy has {} pairs at the most", kZonePairLimit));
        zone.pairs.push_back(name);
    }

    /// A list is looked for beside the policy only: who may send a policy may not have every file read.
    void read_devices(const PolicyTable& table, PolicyZone& zone) {
        const std::string name = table.text("devices", kTextLimit, false);
        if (name.empty()) return;
        const std::filesystem::path path(name);
        if (path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end())
            return report_.fail(table.place_of("devices"),
                                fmt::format("'{}' does not lie beside the policy; name a file that does", name));
        zone.device_file = name;
        const auto text = read_device_file_(name);
        if (!text) return report_.fail(table.place_of("devices"), text.error());
        auto list = read_device_list(*text, name);
        if (!list) return void(report_.errors.insert(report_.errors.end(), list.error().begin(), list.error().end()));
        report_.warnings.insert(report_.warnings.end(), list->warnings.begin(), list->warnings.end());
        zone.devices = std::move(*list);
    }

    void read_rule(const PolicyTable& table, PolicyZone& zone) {
        table.check_keys({"categories", "mode", "from", "review_by", "until"});
        ZoneRule rule;
        rule.line = table.line();
        table.list("categories", [&](const toml::node& item) { read_category(item, rule); });
        const std::string mode = table.text("mode", kTextLimit, true);
        const auto* const found = std::find(kZoneModeNames.begin(), kZoneModeNames.end(), mode);
        if (found == kZoneModeNames.end() && !mode.empty())
            report_.fail(table.place_of("mode"),
                         fmt::format("'{}' is no mode{}", mode,
                                     hint(mode, {kZoneModeNames.begin(), kZoneModeNames.end()}, '\'')));
        if (found != kZoneModeNames.end()) rule.mode = static_cast<ZoneMode>(found - kZoneModeNames.begin());
        rule.from = table.moment("from", policy_.time_zone, false);
        rule.review_by = table.moment("review_by", policy_.time_zone, false);
        rule.until = table.moment("until", policy_.time_zone, false);
        check_times(table, rule);
        zone.rules.push_back(std::move(rule));
    }

    void check_times(const PolicyTable& table, const ZoneRule& rule) {
        if (rule.from && rule.until && *rule.until <= *rule.from)
            report_.fail(table.place_of("until"), "the rule ends before it begins: 'until' is not after 'from'");
        if (rule.from && rule.review_by && *rule.review_by <= *rule.from)
            report_.warn(table.place_of("review_by"), "the review is due before the rule begins");
        if (rule.until && rule.review_by && *rule.review_by >= *rule.until)
            report_.warn(table.place_of("review_by"), "the rule ends before its review is due: nobody is reminded");
    }

    void read_category(const toml::node& item, ZoneRule& rule) {
        const std::string name = item.is_string() ? item.as_string()->get() : "";
        if (name.empty() || name.size() > kCategoryNameLimit)
            return report_.fail(item.source(), "no category's name: write it in quotes");
        if (std::find(rule.categories.begin(), rule.categories.end(), name) != rule.categories.end())
            return report_.fail(item.source(), fmt::format("'{}' is in the list already", name));
        rule.categories.push_back(name);
    }

    void read_allowed(const PolicyTable& table) {
        table.check_keys({"name", "owner", "reason", "until"});
        AllowedName allowed;
        allowed.line = table.line();
        const std::string written = table.text("name", kTextLimit, true);
        allowed.owner = table.text("owner", kTextLimit, true);
        allowed.reason = table.text("reason", kTextLimit, true);
        allowed.until = table.moment("until", policy_.time_zone, true).value_or(0);
        if (written.empty()) return;
        const auto name = read_rule_name(written);
        if (!name) return report_.fail(table.place_of("name"), fmt::format("'{}': {}", written, name.error()));
        allowed.name = *name;
        if (const auto [other, added] = names_.emplace(*name, allowed.line); !added)
            return report_.fail(table.place_of("name"),
                                fmt::format("'{}' is allowed already, at line {}", *name, other->second));
        if (names_.size() > kAllowedNameLimit)
            return report_.fail(table.source(), fmt::format("{} names are allowed at the most", kAllowedNameLimit));
        policy_.allowed.push_back(std::move(allowed));
    }

    void finish() {
        if (!policy_.zones.back().is_for_everybody()) {
            PolicyZone& last = policy_.zones.emplace_back();
            last.name = kElsewhere;
            report_.warnings.push_back(report_.file +
                                       ": no zone is for everybody else: clients that are in none of them pass; write "
                                       "a last [[zone]] with a name and no matcher to say what they get");
        }
        if (policy_.zones.size() > kZoneLimit)
            report_.errors.push_back(fmt::format("{}: there are {} zones, with the last one for everybody; {} may be",
                                                 report_.file, policy_.zones.size(), kZoneLimit));
        find_overlaps(policy_, report_.errors, report_.warnings);
    }

    const ReadDeviceFile& read_device_file_;
    PolicyReport report_;
    Policy policy_;
    std::size_t prefixes_ = 0;
    std::set<std::string> pairs_;
    std::map<std::string, std::size_t> names_;  ///< → line
};

}  // namespace

std::string Policy::show(std::int64_t time) const {
    static const tl::expected<TimeZone, std::string> utc = TimeZone::find("UTC");
    if (time_zone) return time_zone->show(time);
    return utc ? utc->show(time) : fmt::format("@{}", time);
}

tl::expected<Policy, Lines> read_policy_text(std::string_view text, const std::string& file,
                                             const ReadDeviceFile& read_device_file) {
    if (text.size() > kPolicyFileLimit)
        return tl::unexpected(Lines{fmt::format("{}:1:1: more than {} bytes", file, kPolicyFileLimit)});
    if (const std::size_t line = find_deep_key(text); line != 0)
        return tl::unexpected(
            Lines{fmt::format("{}:{}:1: a key of more than {} parts; a policy has none", file, line, kKeyDotLimit)});
    SourceReader reader(file, read_device_file);
    try {
        return reader.read(toml::parse(text, file));
    } catch (const toml::parse_error& error) {
        return tl::unexpected(reader.refuse(error.source(), error.description()));
    }
}

tl::expected<Policy, Lines> read_policy(const std::string& path) {
    const auto text = read_policy_file(path, kPolicyFileLimit);
    if (!text) return tl::unexpected(Lines{text.error()});
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    return read_policy_text(*text, path, [&](const std::string& name) {
        return read_policy_file((folder / name).string(), kDeviceFileLimit);
    });
}

tl::expected<std::string, std::string> read_policy_file(const std::string& path, std::size_t limit) {
    std::error_code problem;
    // Asked before it is opened: a pipe would wait for ever.
    if (!std::filesystem::is_regular_file(path, problem))
        return tl::unexpected(path + ": " + (problem ? problem.message() : "is no regular file") +
                              "; name one that can be read");
    if (const auto size = std::filesystem::file_size(path, problem); !problem && size > limit)
        return tl::unexpected(fmt::format("{}: has {} bytes, and {} are the most", path, size, limit));
    std::ifstream stream(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) return tl::unexpected(path + ": cannot be read; let this user read it");
    return text;
}

Lines unknown_categories(const Policy& policy, std::span<const Category> categories) {
    std::vector<std::string_view> known;
    for (const Category& category : categories) known.push_back(category.name);
    Lines errors;
    for (const PolicyZone& zone : policy.zones)
        for (const ZoneRule& rule : zone.rules)
            for (const std::string& name : rule.categories)
                if (std::find(known.begin(), known.end(), name) == known.end())
                    errors.push_back(fmt::format("{}:{}:1: category '{}' is not in the rule set{}", policy.file,
                                                 rule.line, one_line(name), hint(name, known, '\'')));
    return errors;
}

tl::expected<std::int64_t, std::string> read_moment(std::string_view text, const TimeZone* zone) {
    constexpr std::int64_t kLatest = 253'402'300'799;  // the end of the year 9999
    const auto refuse = [&] {
        return tl::unexpected("\"" + one_line(text) +
                              "\" is no time; write 2023-03-27, 2023-03-27T08:00:00+02:00, or seconds since 1970 as "
                              "@1679868000");
    };
    std::int64_t time = 0;
    if (text.starts_with('@')) {
        const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), time);
        if (error != std::errc{} || end != text.data() + text.size() || time < 0 || time > kLatest) return refuse();
        return time;
    }
    if (text.size() > 40 || text.find_first_not_of("0123456789-+:.TZtz ") != text.npos) return refuse();
    const auto utc = TimeZone::find("UTC");
    if (zone == nullptr && utc) zone = &*utc;
    try {
        const toml::table table = toml::parse("t = " + std::string(text));
        std::string problem, note;
        if (const auto moment = moment_of(*table.get("t"), zone, problem, note)) return *moment;
    } catch (const toml::parse_error&) {
        return refuse();
    }
    return refuse();
}

}  // namespace sluis
