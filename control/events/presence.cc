#include "control/events/presence.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/events/events_config.h"
#include "control/events/json_member.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kDayLimit = 4096;  ///< of a file

json write_day(const PresenceDay& day) {
    json numbers = json::array();
    for (const PresenceNumber& each : day.numbers)
        numbers.push_back(
            {{"zone", each.zone}, {"category", each.category}, {"devices", each.devices}, {"at_most", each.at_most}});
    return {{"date", day.date}, {"numbers", std::move(numbers)}};
}

std::optional<PresenceNumber> read_number(const json& saved) {
    const auto zone = text_member(saved, "zone"), category = text_member(saved, "category");
    const auto devices = count_member(saved, "devices"), at_most = count_member(saved, "at_most");
    if (!zone || !category || !devices || !at_most) return std::nullopt;
    return PresenceNumber{*zone, *category, *devices, *at_most};
}

std::optional<PresenceDay> read_day(const json& saved) {
    const auto date = text_member(saved, "date");
    if (!date || !is_date(*date)) return std::nullopt;
    const auto numbers = saved.find("numbers");
    if (numbers == saved.end() || !numbers->is_array()) return std::nullopt;
    PresenceDay day{*date, {}};
    for (const json& each : *numbers) {
        const auto number = read_number(each);
        if (!number || day.numbers.size() > Presence::kSketchLimit) return std::nullopt;
        day.numbers.push_back(*number);
    }
    return day;
}

}  // namespace

void Presence::enter_day(const std::string& date) {
    const std::lock_guard lock(mutex_);
    if (date == date_) return;
    if (!counts_.empty()) past_.push_back({date_, today_locked()});
    counts_.clear();
    date_ = date;
    // A part of this day may be known already: from before a restart, or from before the clock was set back.
    const auto known = std::find_if(past_.begin(), past_.end(), [&](const auto& day) { return day.date == date; });
    if (known != past_.end()) {
        for (const PresenceNumber& each : known->numbers) {
            Count& count = count_of(each.zone, each.category);
            count.largest_before = each.devices;
            count.sum_before = each.at_most;
        }
        past_.erase(known);
    }
    std::sort(past_.begin(), past_.end(), [](const auto& a, const auto& b) { return a.date < b.date; });
    if (past_.size() >= days_kept_)
        past_.erase(past_.begin(), past_.end() - static_cast<std::ptrdiff_t>(days_kept_ - 1));
}

Presence::Count& Presence::count_of(std::string_view zone, std::string_view category) {
    Key key(zone, category);
    if (counts_.size() >= kSketchLimit && !counts_.contains(key)) key = {"other", "other"};
    std::unique_ptr<Count>& count = counts_[key];
    if (count == nullptr) count = std::make_unique<Count>();
    return *count;
}

void Presence::add(std::string_view zone, std::string_view category, std::uint64_t device) {
    const std::lock_guard lock(mutex_);
    count_of(zone, category).sketch.add(device);
}

std::vector<PresenceNumber> Presence::today_locked() const {
    std::vector<PresenceNumber> numbers;
    for (const auto& [key, count] : counts_) {
        const auto now = static_cast<std::uint64_t>(std::llround(count->sketch.estimate()));
        numbers.push_back({key.first, key.second, std::max(now, count->largest_before), now + count->sum_before});
    }
    return numbers;
}

std::vector<PresenceNumber> Presence::today() const {
    const std::lock_guard lock(mutex_);
    return today_locked();
}

std::vector<PresenceDay> Presence::days() const {
    const std::lock_guard lock(mutex_);
    std::vector<PresenceDay> days = past_;
    if (!counts_.empty()) days.push_back({date_, today_locked()});
    return days;
}

json Presence::save() const {
    json saved = json::array();
    for (const PresenceDay& day : days()) saved.push_back(write_day(day));
    return saved;
}

bool Presence::load(const json& saved) {
    if (!saved.is_array() || saved.size() > kDayLimit) return false;
    std::vector<PresenceDay> days;
    for (const json& each : saved) {
        const auto day = read_day(each);
        if (!day) return false;
        days.push_back(*day);
    }
    const std::lock_guard lock(mutex_);
    past_ = std::move(days);
    return true;
}

}  // namespace sluis
