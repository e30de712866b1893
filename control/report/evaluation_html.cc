#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/bundle/bundle_clock.h"
#include "control/notice/notice_page.h"
#include "control/report/bar_plot.h"
#include "control/report/evaluation.h"

namespace sluis {
namespace {

/// Rows of each table at the most: it has to fit on one sheet. All of it is in the report as CSV or JSON.
constexpr std::size_t kRows = 6;
/// With more days the plot is by month.
constexpr int kDaysPlotted = 62;

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --line: #6b7480; --lower: #a3341f; --upper: #3d6f9e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #eceff3; --line: #8b95a3; --lower: #f0907d; --upper: #8fbbe4; }
}
@page { size: A4; margin: 14mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 52rem; background: var(--paper); color: var(--ink); font: 0.9375rem/1.4 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 0.25rem; }
h2 { font-size: 1.0625rem; line-height: 1.2; margin: 1rem 0 0.25rem; }
p { margin: 0 0 0.35rem; }
.plot { display: block; width: 100%; height: auto; }
.plot text { font-size: 11px; fill: var(--ink); }
.axis { stroke: var(--line); stroke-width: 0.5; }
.lower { fill: var(--lower); }
.upper { fill: var(--upper); }
.key { display: inline-block; width: 0.8em; height: 0.8em; vertical-align: -0.05em; }
.key .lower, .key .upper { width: 100%; height: 100%; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 1.5rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 0.15rem 0.35rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td:last-child { overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
footer { margin-top: 0.75rem; border-top: 1px solid var(--line); font-size: 0.8125rem; }
@media print {
  :root { --paper: #ffffff; --ink: #000000; --line: #6b7480; --lower: #a3341f; --upper: #3d6f9e; }
  body { padding: 0; max-width: none; font-size: 8.5pt; }
  table { font-size: 8pt; }
  .columns { grid-template-columns: 1fr 1fr; }
  .lower, .upper { print-color-adjust: exact; }
}
)";

using Cells = std::vector<std::string>;

struct Heading {
    std::string_view text;
    bool is_number = false;
};

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string minute_text(std::int64_t time) {
    return time == 0 ? "now" : format_time(time).substr(0, 16).replace(10, 1, " ");
}

std::string length_text(std::int64_t seconds) {
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min", seconds / 60);
    if (seconds < 172800) return fmt::format("{} h", seconds / 3600);
    return fmt::format("{} days", seconds / 86400);
}

std::string key(std::string_view name) {
    return fmt::format("<svg class=\"key\" aria-hidden=\"true\"><rect class=\"{}\"/></svg>", name);
}

/// What is refused, in the words of people who run no network.
std::string protocol_words(const std::string& protocol) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{{
        {"dns", "name looked up (DNS)"},
        {"tls", "secure connection (TLS)"},
        {"quic", "secure connection (QUIC)"},
        {"http", "web page without encryption (HTTP)"},
        {"ip", "connection to an address (IP)"},
    }};
    for (const auto& [name, words] : kWords)
        if (name == protocol) return std::string(words);
    return protocol;
}

std::string outage_words(const api::EvaluationOutage& outage) {
    if (outage.what() == "dataplane") return "Inspection did not run";
    if (outage.what() == "control") return "Supervision did not run";
    if (outage.what() == "mode") return "Set to another mode";
    if (outage.what() == "passage") return "Traffic past the box";
    if (outage.what() == "link") return "Cable or link down";
    return outage.what();
}

/// A sum by something else than the period; the largest first.
template <typename Key>
std::vector<std::pair<std::string, RefusalCount>> sums(const api::Evaluation& evaluation, Key key) {
    std::map<std::string, RefusalCount> by_key;
    for (const auto& each : evaluation.months()) by_key[key(each)] += {each.refused(), each.would_refuse()};
    std::vector<std::pair<std::string, RefusalCount>> sorted(by_key.begin(), by_key.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second.refused + a.second.would_refuse > b.second.refused + b.second.would_refuse;
    });
    return sorted;
}

class EvaluationPage {
public:
    explicit EvaluationPage(const api::Evaluation& evaluation) : evaluation_(evaluation) {}

    std::string write() {
        begin();
        summary();
        plot();
        html_ += "<div class=\"columns\">\n";
        section("By zone and category", [&] { zones(); });
        section("By protocol", [&] { protocols(); });
        section("Devices on which the app was seen", [&] { devices(); });
        section("When the box did not do its work", [&] { outages(); });
        section("Rules in force", [&] { rulesets(); });
        section("What the policy said", [&] { phases(); });
        html_ += "</div>\n</main>\n";
        end();
        return std::move(html_);
    }

private:
    template <typename Write>
    void section(std::string_view heading, Write write) {
        html_ += fmt::format("<section>\n<h2>{}</h2>\n", heading);
        write();
        html_ += "</section>\n";
    }
    void paragraph(const std::string& text) { html_ += fmt::format("<p>{}</p>\n", escape_html(text)); }

    void table(std::initializer_list<Heading> headings, const std::vector<Cells>& rows, std::string_view others) {
        html_ += "<table>\n<thead><tr>";
        std::vector<bool> is_number;
        for (const Heading& each : headings) {
            html_ += fmt::format("<th scope=\"col\"{}>{}</th>", each.is_number ? " class=\"number\"" : "", each.text);
            is_number.push_back(each.is_number);
        }
        html_ += "</tr></thead>\n<tbody>\n";
        for (std::size_t i = 0; i < std::min(rows.size(), kRows); ++i) {
            html_ += "<tr>";
            for (std::size_t column = 0; column < rows[i].size(); ++column)
                html_ += fmt::format("<td{}>{}</td>", is_number[column] ? " class=\"number\"" : "",
                                     escape_html(rows[i][column]));
            html_ += "</tr>\n";
        }
        html_ += "</tbody>\n</table>\n";
        if (rows.size() > kRows) paragraph(fmt::format("and {} more {}", rows.size() - kRows, others));
    }

    void begin() {
        const std::string title = fmt::format("Evaluation of {} to {}", evaluation_.from(), evaluation_.to());
        html_ = fmt::format(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n",
            escape_html(title), kStyle);
        paragraph(fmt::format("Box {}. Days are those of {}; times below are UTC.", evaluation_.box(),
                              evaluation_.time_zone().empty() ? "UTC" : evaluation_.time_zone()));
    }

    void summary() {
        paragraph(fmt::format("{} refused. {} seen and let pass, where the policy only watches.",
                              plural(evaluation_.refused(), "attempt was", "attempts were"),
                              plural(evaluation_.would_refuse(), "more was", "more were")));
        paragraph(
            "An attempt is one name looked up, or one connection begun. Apps try many times, so this is a measure of "
            "traffic and not of people.");
        if (format_time(evaluation_.since()).substr(0, 10) > evaluation_.from())
            paragraph(fmt::format("The box keeps these figures since {}; it knows nothing of the time before.",
                                  minute_text(evaluation_.since())));
    }

    void plot() {
        std::vector<Bar> bars;
        std::map<std::string, Bar> months;
        const bool by_day = evaluation_.days_size() <= kDaysPlotted;
        for (const auto& day : evaluation_.days()) {
            if (by_day) {
                bars.push_back({day.period().substr(5), day.refused(), day.would_refuse()});
                continue;
            }
            Bar& month = months[day.period().substr(0, 7)];
            month.label = day.period().substr(0, 7);
            month.lower += day.refused();
            month.upper += day.would_refuse();
        }
        for (auto& [name, bar] : months) bars.push_back(std::move(bar));
        html_ += fmt::format("<h2>Attempts by {}</h2>\n<p>{} refused {} seen and let pass</p>\n",
                             by_day ? "day" : "month", key("lower"), key("upper"));
        html_ +=
            bar_plot(bars, fmt::format("Attempts by {}: {} refused, {} seen and let pass", by_day ? "day" : "month",
                                       grouped(evaluation_.refused()), grouped(evaluation_.would_refuse())));
    }

    static Cells counted(std::string name, const RefusalCount& count) {
        return {std::move(name), grouped(count.refused), grouped(count.would_refuse)};
    }

    void zones() {
        std::vector<Cells> rows;
        for (const auto& [name, count] :
             sums(evaluation_, [](const auto& each) { return each.zone() + ", " + each.category(); }))
            rows.push_back(counted(name, count));
        if (rows.empty()) return paragraph("Nothing was refused or seen.");
        table({{"Zone, category"}, {"Refused", true}, {"Let pass", true}}, rows, "zones and categories");
    }

    void protocols() {
        std::vector<Cells> rows;
        for (const auto& each : evaluation_.protocols())
            rows.push_back(counted(protocol_words(each.protocol()), {each.refused(), each.would_refuse()}));
        if (rows.empty()) return paragraph("Nothing was refused or seen.");
        table({{"As"}, {"Refused", true}, {"Let pass", true}}, rows, "");
    }

    void devices() {
        std::vector<Cells> rows;
        for (auto each = evaluation_.devices().rbegin(); each != evaluation_.devices().rend(); ++each) {
            const std::string most = each->devices() == each->at_most()
                                         ? grouped(each->devices())
                                         : grouped(each->devices()) + " to " + grouped(each->at_most());
            rows.push_back({each->month(), each->zone() + ", " + each->category(), most});
        }
        if (rows.empty()) return paragraph("None was counted.");
        table({{"Month"}, {"Zone, category"}, {"On the busiest day", true}}, rows, "rows, of earlier months");
    }

    void outages() {
        std::vector<std::pair<std::int64_t, Cells>> longest;
        for (const auto& each : evaluation_.outages()) {
            const std::int64_t length = (each.ended() == 0 ? evaluation_.made() : each.ended()) - each.began();
            const std::string about = each.subject().empty() ? "" : " (" + each.subject() + ")";
            longest.push_back({length,
                               {minute_text(each.began()), length_text(std::max<std::int64_t>(length, 0)),
                                outage_words(each) + about + ": " + each.detail()}});
        }
        if (longest.empty()) return paragraph("It did its work all the time.");
        std::stable_sort(longest.begin(), longest.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        std::vector<Cells> rows;
        for (auto& [length, cells] : longest) rows.push_back(std::move(cells));
        table({{"Since"}, {"For", true}, {"What"}}, rows, "shorter ones");
    }

    void rulesets() {
        std::vector<Cells> rows;
        for (auto each = evaluation_.rulesets().rbegin(); each != evaluation_.rulesets().rend(); ++each)
            rows.push_back({minute_text(each->since()), minute_text(each->until()),
                            each->in_force() == "none" ? "none" : fmt::format("version {}", each->sequence())});
        if (rows.empty()) return paragraph("None is on record.");
        table({{"Since"}, {"Until"}, {"Rules"}}, rows, "earlier ones");
    }

    void phases() {
        std::vector<Cells> rows;
        for (auto each = evaluation_.phases().rbegin(); each != evaluation_.phases().rend(); ++each) {
            std::string modes = each->modes();
            if (modes.size() > 160) modes = modes.substr(0, 160) + " …";
            rows.push_back({minute_text(each->since()), minute_text(each->until()), std::move(modes)});
        }
        if (rows.empty()) return paragraph("None is on record.");
        table({{"Since"}, {"Until"}, {"Zone: category, what is done"}}, rows, "earlier ones");
    }

    void end() {
        html_ += fmt::format(
            "<footer><p>Made {} by Sluis {}. Kept are counts only: no names of sites, no addresses, nothing about "
            "persons. All rows: <code>sluisctl report evaluation --from {} --to {} -o csv</code></p></footer>\n"
            "</body>\n</html>\n",
            minute_text(evaluation_.made()), escape_html(evaluation_.version()), escape_html(evaluation_.from()),
            escape_html(evaluation_.to()));
    }

    const api::Evaluation& evaluation_;
    std::string html_;
};

}  // namespace

std::string evaluation_html(const api::Evaluation& evaluation) { return EvaluationPage(evaluation).write(); }

std::string evaluation_page_policy() {
    return "default-src 'none'; style-src " + hash_source(kStyle) +
           "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

}  // namespace sluis
