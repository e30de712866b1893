#include <initializer_list>
#include <string>
#include <string_view>

#include "control/bundle/bundle_clock.h"
#include "control/report/evaluation.h"

namespace sluis {
namespace {

/// RFC 4180, section 2; and no formula for the spreadsheet that opens it.
std::string field(std::string_view text) {
    std::string kept;
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) kept = "'";
    kept += text;
    if (kept.find_first_of(",\"\r\n") == std::string::npos) return kept;
    std::string quoted = "\"";
    for (const char c : kept) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::string time_field(std::int64_t time) { return time == 0 ? "" : format_time(time); }

class CsvTable {
public:
    CsvTable() {
        add({"row", "period", "until", "zone", "category", "protocol", "refused", "would_refuse", "days", "devices",
             "devices_at_most", "sequence", "sha256", "about", "detail"});
    }
    void add(std::initializer_list<std::string_view> fields) {
        bool is_first = true;
        for (const std::string_view each : fields) {
            text_ += is_first ? "" : ",";
            text_ += field(each);
            is_first = false;
        }
        text_ += "\r\n";
    }
    void add_count(std::string_view row, const api::EvaluationCount& count) {
        add({row, count.period(), "", count.zone(), count.category(), count.protocol(), std::to_string(count.refused()),
             std::to_string(count.would_refuse()), "", "", "", "", "", "", ""});
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

}  // namespace

std::string evaluation_csv(const api::Evaluation& evaluation) {
    CsvTable table;
    table.add({"evaluation", evaluation.from(), evaluation.to(), "", "", "", std::to_string(evaluation.refused()),
               std::to_string(evaluation.would_refuse()), "", "", "", "", "", evaluation.box(),
               evaluation.time_zone()});
    for (const auto& each : evaluation.months()) table.add_count("month", each);
    for (const auto& each : evaluation.days()) table.add_count("day", each);
    for (const auto& each : evaluation.protocols()) table.add_count("protocol", each);
    for (const auto& each : evaluation.devices())
        table.add({"devices", each.month(), "", each.zone(), each.category(), "", "", "", std::to_string(each.days()),
                   std::to_string(each.devices()), std::to_string(each.at_most()), "", "", "", ""});
    for (const auto& each : evaluation.rulesets())
        table.add({"ruleset", time_field(each.since()), time_field(each.until()), "", "", "", "", "", "", "", "",
                   std::to_string(each.sequence()), each.sha256(), each.in_force(), ""});
    for (const auto& each : evaluation.phases())
        table.add({"phase", time_field(each.since()), time_field(each.until()), "", "", "", "", "", "", "", "", "",
                   each.sha256(), "", each.modes()});
    for (const auto& each : evaluation.outages())
        table.add({"outage", time_field(each.began()), time_field(each.ended()), "", "", "", "", "", "", "", "", "", "",
                   each.subject().empty() ? each.what() : each.what() + " " + each.subject(), each.detail()});
    return table.take();
}

}  // namespace sluis
