#include "control/policy/policy_table.h"

#include <fmt/format.h>

#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

LocalTime local_time(const toml::date& date, const toml::time& time) {
    return {date.year, date.month, date.day, time.hour, time.minute, time.second};
}

/// TOML's parser knows calendars, but a date may be built otherwise.
bool is_date(const toml::date& date) { return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31; }

std::string note_on(LocalTimeKind kind, const TimeZone& zone, std::int64_t time, bool whole_day) {
    if (kind == LocalTimeKind::once || whole_day) return "";
    if (kind == LocalTimeKind::twice)
        return fmt::format(
            "clocks of {} show that time twice; the first one is meant, {}; write the offset to say which", zone.name(),
            zone.show(time));
    return fmt::format("clocks of {} are put forward over that time; {} is meant", zone.name(), zone.show(time));
}

}  // namespace

std::string PolicyReport::place(const toml::source_region& at) const {
    return fmt::format("{}:{}:{}", file, at.begin.line, at.begin.column);
}

void PolicyReport::fail(const toml::source_region& at, std::string_view what) {
    errors.push_back(place(at) + ": " + one_line(what));
}

void PolicyReport::warn(const toml::source_region& at, std::string_view what) {
    warnings.push_back(place(at) + ": " + one_line(what));
}

void PolicyTable::check_keys(const std::vector<std::string_view>& known) const {
    for (const auto& [key, value] : table_) {
        if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
        report_.fail(key.source(), fmt::format("unknown key '{}'{}", key.str(), hint(key.str(), known, '\'')));
    }
}

const toml::source_region& PolicyTable::place_of(std::string_view key) const {
    const toml::node* const found = node(key);
    return found == nullptr ? table_.source() : found->source();
}

std::string PolicyTable::text(std::string_view key, std::size_t most, bool required) const {
    const toml::node* const value = node(key);
    if (value == nullptr) {
        if (required) report_.fail(source(), fmt::format("'{}' is missing", key));
        return "";
    }
    const std::string content = value->is_string() ? value->as_string()->get() : "";
    const bool is_line =
        std::none_of(content.begin(), content.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (!content.empty() && content.size() <= most && is_line) return content;
    report_.fail(value->source(),
                 fmt::format("'{}' must be a text in quotes, of one line and 1 to {} bytes", key, most));
    return "";
}

void PolicyTable::list(std::string_view key, const std::function<void(const toml::node&)>& each) const {
    const toml::node* const value = node(key);
    if (value == nullptr) return;
    const toml::array* const items = value->as_array();
    if (items == nullptr || items->empty())
        return report_.fail(value->source(), fmt::format("'{}' must be a list with something in it: [ … ]", key));
    for (const toml::node& item : *items) each(item);
}

void PolicyTable::tables(std::string_view key, const std::function<void(const toml::table&)>& each) const {
    const toml::node* const value = node(key);
    if (value == nullptr) return;
    if (!value->is_array_of_tables())
        return report_.fail(value->source(), fmt::format("'{}' must be a list of tables, [[{}]]", key, key));
    for (const toml::node& item : *value->as_array()) each(*item.as_table());
}

std::optional<std::int64_t> PolicyTable::moment(std::string_view key, const std::optional<TimeZone>& zone,
                                                bool required) const {
    const toml::node* const value = node(key);
    if (value == nullptr) {
        if (required) report_.fail(source(), fmt::format("'{}' is missing", key));
        return std::nullopt;
    }
    std::string problem, note;
    const auto time = moment_of(*value, zone ? &*zone : nullptr, problem, note);
    if (!time) report_.fail(value->source(), fmt::format("'{}' {}", key, problem));
    if (!note.empty()) report_.warn(value->source(), fmt::format("'{}': {}", key, note));
    return time;
}

std::optional<std::int64_t> moment_of(const toml::node& node, const TimeZone* zone, std::string& problem,
                                      std::string& note) {
    const toml::date_time* const full = node.is_date_time() ? &node.as_date_time()->get() : nullptr;
    if (full == nullptr && !node.is_date()) {
        problem =
            "must be a date or a date with a time, without quotes: 2023-03-27, 2023-03-27T08:00:00, "
            "2023-03-27T08:00:00+02:00";
        return std::nullopt;
    }
    const toml::date date = full != nullptr ? full->date : node.as_date()->get();
    const LocalTime local = local_time(date, full != nullptr ? full->time : toml::time{});
    if (!is_date(date)) return problem = "is no date", std::nullopt;
    if (full != nullptr && full->offset) return seconds_of(local) - std::int64_t{full->offset->minutes} * 60;
    if (zone == nullptr) {
        problem = "names no offset, and the file no time zone; write time_zone = \"Europe/Brussels\" below [policy]";
        return std::nullopt;
    }
    const Moment moment = zone->moment_of(local);
    note = note_on(moment.kind, *zone, moment.time, full == nullptr);
    return moment.time;
}

}  // namespace sluis
