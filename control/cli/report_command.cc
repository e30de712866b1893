// sluisctl report: what those need who decide on the policy.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/command_options.h"
#include "dataplane/interface/standard_streams.h"

namespace sluis {
namespace {

struct EvaluationOptions {
    ApiOptions api;
    std::string from, to;
    std::string form = "table";
};

int show_would_block(const ApiOptions& options) {
    const auto report = ask_for_json(options, {"GET", "/v1/report/would-block", "", "", false});
    if (!report) return report.error();
    if (print_as_json(options, *report)) return kExitOk;
    fmt::print("since {}; {} findings were lost\n", time_text(at(*report, "since")),
               text_of(at(*report, "events_lost")));
    fmt::print("{:<31}  {:<20}  {:<40}  {:>10}  {:<10}  {:<10}\n", "ZONE", "CATEGORY", "RULE", "SEEN", "FIRST", "LAST");
    for (const Json& row : at(*report, "rows"))
        fmt::print("{:<31}  {:<20}  {:<40}  {:>10}  {:<10}  {:<10}\n", text_of(at(row, "zone")),
                   text_of(at(row, "category")), text_of(at(row, "rule")), text_of(at(row, "total")),
                   text_of(at(row, "first_day")), text_of(at(row, "last_day")));
    return kExitOk;
}

void print_evaluation(const Json& report) {
    fmt::print("{} to {}: {} refused, {} seen and let pass\n", text_of(at(report, "from")), text_of(at(report, "to")),
               text_of(at(report, "refused")), text_of(at(report, "would_refuse")));
    fmt::print("\n{:<7}  {:<31}  {:<20}  {:>12}  {:>12}\n", "MONTH", "ZONE", "CATEGORY", "REFUSED", "LET PASS");
    for (const Json& row : at(report, "months"))
        fmt::print("{:<7}  {:<31}  {:<20}  {:>12}  {:>12}\n", text_of(at(row, "period")), text_of(at(row, "zone")),
                   text_of(at(row, "category")), text_of(at(row, "refused")), text_of(at(row, "would_refuse")));
    fmt::print("\n{:<20}  {:<20}  {:<10}  {:<20}  {}\n", "SINCE", "UNTIL", "OUT", "WHOM", "WHY");
    for (const Json& row : at(report, "outages"))
        fmt::print("{:<20}  {:<20}  {:<10}  {:<20}  {}\n", time_text(at(row, "began")), time_text(at(row, "ended")),
                   text_of(at(row, "what")), text_of(at(row, "subject")), text_of(at(row, "detail")));
    fmt::print("\n{:<20}  {:<20}  {:<10}  {}\n", "SINCE", "UNTIL", "RULES", "SEQUENCE");
    for (const Json& row : at(report, "rulesets"))
        fmt::print("{:<20}  {:<20}  {:<10}  {}\n", time_text(at(row, "since")), time_text(at(row, "until")),
                   text_of(at(row, "in_force")), text_of(at(row, "sequence")));
}

int show_evaluation(const EvaluationOptions& options) {
    ApiRequest request{"GET", "/v1/report", "", "", false};
    const auto add = [&request](const char* name, const std::string& value) {
        if (!value.empty())
            request.path += fmt::format("{}{}={}", request.path.ends_with("report") ? "?" : "&", name, value);
    };
    add("from", options.from);
    add("to", options.to);
    if (options.form == "csv" || options.form == "html") {
        request.accept = options.form == "csv" ? "text/csv" : "text/html";
        const auto text = ask_for_text(options.api, request);
        if (!text) return text.error();
        return print_to_standard_output("sluisctl", *text) ? kExitOk : kExitFailed;
    }
    const auto report = ask_for_json(options.api, request);
    if (!report) return report.error();
    if (options.form == "json")
        print_json(*report);
    else
        print_evaluation(*report);
    return kExitOk;
}

void add_evaluation(const Command& reports) {
    const auto evaluation = std::make_shared<EvaluationOptions>();
    Command command = reports.add_command("evaluation", "Show what was refused, by which rules, and what was out",
                                          show_evaluation, evaluation);
    add_target_options(command, evaluation->api.target);
    const auto date = [](const std::string& text) {
        return text.size() == 10 && text.find_first_not_of("0123456789-") == std::string::npos
                   ? ""
                   : "write a day such as 2026-03-27";
    };
    command.add_option("--from", evaluation->from, "The first day; 30 days by default").takes("DAY").check(date);
    command.add_option("--to", evaluation->to, "The last day, which is included; today by default")
        .takes("DAY")
        .check(date);
    command.add_option("-o,--output", evaluation->form, "table, csv, json, or html: one page to print")
        .takes("FORMAT [table]")
        .one_of({"table", "csv", "json", "html"});
}

}  // namespace

void add_report_commands(const Command& app) {
    Command reports = app.add_group("report", "Reports for those who decide on the policy");
    add_evaluation(reports);
    const auto options = std::make_shared<ApiOptions>();
    add_api_command(reports, "would-block", "Show what monitoring zones saw that would have been refused",
                    show_would_block, options);
}

}  // namespace sluis
