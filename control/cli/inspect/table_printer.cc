#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/cli/inspect/finding_printer.h"
#include "dataplane/interface/limits.h"

namespace sluis {
namespace {

/// Names are normalised, but what reaches a terminal is made harmless once more.
std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c >= 0x20 && c < 0x7f) {
            result += c;
        } else {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return result;
}

std::string time_text(Nanoseconds time) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::gmtime(static_cast<std::time_t>(time / kSecond)),
                       time % kSecond / 1000);
}

/// Why, in a few words: "rule tiktok.com (tiktok)", "stream_conflict"; empty for a name that nothing matched.
std::string why(const Finding& finding) {
    if (finding.reason == Reason::none) {
        return finding.category.empty() ? "" : fmt::format("({}, not enforced)", printable(finding.category));
    }
    std::string text(name(finding.reason));
    if (!finding.rule.empty()) text += " " + printable(finding.rule);
    if (!finding.category.empty()) text += fmt::format(" ({})", printable(finding.category));
    return text;
}

std::string reasons_text(const WorkerCounters& counters) {
    std::string text;
    for (std::size_t i = 0; i < kReasonCount; ++i) {
        if (counters.drops[i] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? ": " : ", ", kReasons[i].name, counters.drops[i]);
    }
    return text;
}

/// A line for each reason: what it means.
std::string meanings_text(const WorkerCounters& counters) {
    std::string text;
    for (std::size_t i = 0; i < kReasonCount; ++i)
        if (counters.drops[i] != 0) text += fmt::format("  {}: {}\n", kReasons[i].name, kReasons[i].text);
    return text;
}

std::uint64_t dropped(const WorkerCounters& counters) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : counters.drops) total += count;
    return total;
}

class TablePrinter final : public FindingPrinter {
public:
    using FindingPrinter::FindingPrinter;

    void begin(std::string_view capture) override {
        reset_counts();
        print(fmt::format("{}\n{:<26}  {:<7}  {:<8}  {:<40}  {:<36}  {}\n", printable(capture), "time (UTC)", "verdict",
                          "protocol", "name", "why", "from > to"));
    }
    void end(const CaptureSummary& summary) override {
        const std::string cut =
            summary.cut_frames == 0 ? "" : fmt::format(" ({} not whole in the capture)", summary.cut_frames);
        print(fmt::format("{} frames read{}, {} names found, {} blocked; {} frames not sent{}; {} frames made\n{}\n",
                          summary.frames, cut, names_, blocks_, dropped(*summary.counters),
                          reasons_text(*summary.counters), summary.counters->injected_frames,
                          meanings_text(*summary.counters)));
    }

private:
    std::string line(const Finding& finding) const override {
        const Endpoints& ends = finding.endpoints;
        std::string text =
            fmt::format("{:<26}  {:<7}  {:<8}  {:<40}  {:<36}  {} > {}", time_text(finding.time), name(finding.verdict),
                        name(finding.protocol), printable(finding.name), why(finding),
                        endpoint_text(ends.source, ends.ipv6), endpoint_text(ends.destination, ends.ipv6));
        if (finding.vlan_count > 0) {
            const auto first = finding.vlan.begin();
            text += fmt::format("  vlan {}", fmt::join(first, first + finding.vlan_count, ","));
        }
        return text + "\n";
    }
};

}  // namespace

std::unique_ptr<FindingPrinter> make_table_printer(std::FILE* out) { return std::make_unique<TablePrinter>(out); }

}  // namespace sluis
