#include "control/events/would_block.h"

#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "control/events/json_member.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

std::optional<WouldBlockRow> read_row(const json& saved) {
    const auto zone = text_member(saved, "zone"), category = text_member(saved, "category"),
               rule = text_member(saved, "rule");
    const auto first = text_member(saved, "first_day"), last = text_member(saved, "last_day");
    if (!zone || !category || !rule || !first || !last) return std::nullopt;
    WouldBlockRow row{*zone, *category, *rule, {}, *first, *last};
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i) {
        const auto count = count_member(saved, std::string(kProtocolNames[i]).c_str());
        if (!count) return std::nullopt;
        row.counts[i] = *count;
    }
    return row;
}

json write_row(const WouldBlockRow& row) {
    json saved{{"zone", row.zone},
               {"category", row.category},
               {"rule", row.rule},
               {"first_day", row.first_day},
               {"last_day", row.last_day}};
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i) saved[std::string(kProtocolNames[i])] = row.counts[i];
    return saved;
}

}  // namespace

std::uint64_t WouldBlockRow::total() const { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

void WouldBlock::add(std::string_view zone, std::string_view category, std::string_view rule, Protocol protocol,
                     const std::string& day) {
    const std::lock_guard lock(mutex_);
    Key key(zone, category, rule);
    if (rows_.size() >= kRowLimit && !rows_.contains(key)) key = {"other", "other", "other"};
    WouldBlockRow& row = rows_[key];
    if (row.first_day.empty()) {
        std::tie(row.zone, row.category, row.rule) = key;
        row.first_day = day;
    }
    row.last_day = day;
    ++row.counts[static_cast<std::size_t>(protocol)];
}

std::int64_t WouldBlock::since() const {
    const std::lock_guard lock(mutex_);
    return since_;
}

std::vector<WouldBlockRow> WouldBlock::rows() const {
    const std::lock_guard lock(mutex_);
    std::vector<WouldBlockRow> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    return rows;
}

json WouldBlock::save() const {
    json saved = json::array();
    for (const WouldBlockRow& row : rows()) saved.push_back(write_row(row));
    return {{"since", since()}, {"rows", std::move(saved)}};
}

bool WouldBlock::load(const json& saved) {
    if (!saved.is_object() || !saved.contains("since") || !saved.contains("rows")) return false;
    const json &since = saved["since"], &rows = saved["rows"];
    if (!since.is_number_integer() || !rows.is_array() || rows.size() > kRowLimit + 1) return false;
    std::map<Key, WouldBlockRow> loaded;
    for (const json& each : rows) {
        const auto row = read_row(each);
        if (!row) return false;
        loaded[{row->zone, row->category, row->rule}] = *row;
    }
    const std::lock_guard lock(mutex_);
    since_ = since.get<std::int64_t>();
    rows_ = std::move(loaded);
    return true;
}

}  // namespace sluis
