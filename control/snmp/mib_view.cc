#include "control/snmp/mib_view.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

constexpr const char *kText = "string", *kInteger = "integer", *kGauge = "gauge", *kCounter64 = "counter64";
// TruthValue (RFC 2579).
constexpr std::int64_t kTrue = 1, kFalse = 2;
// Groups and columns as SLUIS-MIB.txt numbers them.
constexpr std::uint32_t kBox = 1, kRules = 2, kCounts = 3, kPorts = 4;

/// A member of what another version may have sent: null when it is not there.
const json& member(const json& object, const char* name) {
    static const json kNull;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found == object.end() ? kNull : *found;
}

std::uint64_t sum(const json& counts) {
    std::uint64_t total = 0;
    if (counts.is_object())
        for (const json& count : counts)
            if (count.is_number_unsigned()) total += count.get<std::uint64_t>();
    return total;
}

/// Writes objects of one group.
class Group {
public:
    Group(MibView& view, Oid arc, std::uint32_t group) : view_(view), arc_(std::move(arc)) { arc_.push_back(group); }

    void text(std::uint32_t object, const json& value) {
        if (value.is_string()) put(object, kText, value.get<std::string>());
    }
    void text(std::uint32_t object, const std::string& value) { put(object, kText, value); }
    void truth(std::uint32_t object, const json& value) {
        if (value.is_boolean()) put(object, kInteger, std::to_string(value.get<bool>() ? kTrue : kFalse));
    }
    void integer(std::uint32_t object, std::int64_t value) {
        constexpr std::int64_t kLeast = std::numeric_limits<std::int32_t>::min();
        constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
        put(object, kInteger, std::to_string(std::clamp(value, kLeast, kMost)));
    }
    void gauge(std::uint32_t object, std::uint64_t value) {
        put(object, kGauge, std::to_string(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max())));
    }
    void gauge(std::uint32_t object, const json& value) {
        if (value.is_number_unsigned()) gauge(object, value.get<std::uint64_t>());
    }
    void counter(std::uint32_t object, const json& value) {
        if (value.is_number_unsigned()) counter(object, value.get<std::uint64_t>());
    }
    void counter(std::uint32_t object, std::uint64_t value) { put(object, kCounter64, std::to_string(value)); }
    /// Later objects are of this row of table 1 of the group; without it they are scalars.
    void row(std::uint32_t index) { row_ = index; }

private:
    void put(std::uint32_t object, const char* type, const std::string& value) {
        Oid oid = arc_;
        if (row_ != 0) oid.insert(oid.end(), {1, 1});  // table and entry
        oid.insert(oid.end(), {object, row_});
        view_.insert_or_assign(std::move(oid), MibValue{type, one_line(value).substr(0, kMibTextLimit)});
    }

    MibView& view_;
    Oid arc_;
    std::uint32_t row_ = 0;
};

std::string alarm_names(const json& alarms) {
    std::string names;
    for (const json& alarm : alarms)
        if (const json& name = member(alarm, "name"); name.is_string())
            names += (names.empty() ? "" : " ") + name.get<std::string>();
    return names;
}

void add_box(Group box, const json& status) {
    box.integer(1, status.is_object() ? kTrue : kFalse);
    box.text(2, member(status, "version"));
    const json& dataplane = member(status, "dataplane");
    box.truth(3, member(dataplane, "running"));
    box.gauge(4, member(dataplane, "workers"));
    box.gauge(5, member(dataplane, "moving_workers"));
    const json& alarms = member(status, "alarms");
    if (!alarms.is_array()) return;
    box.gauge(6, std::uint64_t{alarms.size()});
    box.text(7, alarm_names(alarms));
}

void add_rules(Group rules, const json& ruleset, const json& status, std::int64_t now) {
    const json& sequence = member(ruleset, "sequence");
    if (!sequence.is_number_unsigned()) return;
    rules.text(1, std::to_string(sequence.get<std::uint64_t>()));
    const json &created = member(ruleset, "created"), &expires = member(ruleset, "expires");
    if (created.is_number_integer() && created != 0)
        rules.gauge(2, static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - created.get<std::int64_t>())));
    if (expires.is_number_integer() && expires != 0) rules.integer(3, expires.get<std::int64_t>() - now);
    rules.truth(4, member(ruleset, "pending"));
    rules.truth(5, member(member(status, "hand_over"), "rules_in_use"));
}

void add_counts(Group counts, const json& stats, const json& drops) {
    const json& total = member(stats, "total");
    if (total.is_object()) {
        counts.counter(1, sum(member(total, "names_blocked")));
        counts.counter(2, sum(member(total, "names_monitored")));
        counts.counter(3, sum(member(total, "names_allowed")));
        counts.counter(5, member(total, "injected_frames"));
        counts.gauge(6, member(total, "flows"));
    }
    const json& reasons = member(drops, "reasons");
    if (!reasons.is_array()) return;
    std::uint64_t dropped = 0;
    for (const json& reason : reasons) {
        if (const json& count = member(reason, "drops"); count.is_number_unsigned())
            dropped += count.get<std::uint64_t>();
        if (member(reason, "reason") == "overload_pass") counts.counter(7, member(reason, "errors"));
    }
    counts.counter(4, dropped);
}

/// The place of a word in a list, counted from 1; `otherwise` when it is not there.
std::int64_t number_of(const json& word, std::initializer_list<std::string_view> words, std::int64_t otherwise) {
    const auto found = std::find_if(words.begin(), words.end(), [&](std::string_view each) { return word == each; });
    return found == words.end() ? otherwise : found - words.begin() + 1;
}

void add_ports(Group table, const json& ports) {
    if (!ports.is_array()) return;
    std::uint32_t index = 0;
    for (const json& port : ports) {
        if (++index > kMibPortLimit) return;
        table.row(index);
        table.text(2, member(port, "pair"));
        table.integer(3, number_of(member(port, "side"), {"inside", "outside"}, 1));
        table.integer(4, number_of(member(port, "link"), {"up", "down", "testing", "unknown", "dormant", "gone"}, 4));
        table.counter(5, member(port, "rx_bytes"));
        table.counter(6, member(port, "rx_frames"));
        table.counter(7, member(port, "tx_bytes"));
        table.counter(8, member(port, "tx_frames"));
        table.counter(9, member(port, "missed_frames"));
        table.counter(10, member(port, "link_changes"));
        table.integer(11, number_of(member(port, "mode"), {"inline", "monitor", "wire", "closed"}, 5));
    }
}

}  // namespace

MibView make_mib_view(const Oid& arc, const BoxAnswers& answers, std::int64_t now) {
    MibView view;
    add_box({view, arc, kBox}, answers.status);
    add_rules({view, arc, kRules}, answers.ruleset, answers.status, now);
    add_counts({view, arc, kCounts}, answers.stats, answers.drops);
    add_ports({view, arc, kPorts}, member(answers.ports, "ports"));
    return view;
}

}  // namespace sluis
