#include "control/cli/top_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sluis {
namespace {

/// The most reasons that are shown, those with the highest rates.
constexpr std::size_t kReasonLimit = 8;

/// The entry of a list that has the same members as `like`; null when there is none.
const Json& same_entry(const Json& list, const Json& like, std::initializer_list<const char*> members) {
    static const Json null;
    if (!list.is_array()) return null;
    const auto found = std::find_if(list.begin(), list.end(), [&](const Json& each) {
        return std::all_of(members.begin(), members.end(),
                           [&](const char* member) { return at(each, member) == at(like, member); });
    });
    return found == list.end() ? null : *found;
}

/// Per second, of the same count in two answers.
class Rates {
public:
    explicit Rates(double seconds) : seconds_(seconds) {}
    double operator()(const Json& before, const Json& after, const char* member) const {
        const double grown = at(after, member).number() - at(before, member).number();
        return grown > 0 && seconds_ > 0 ? grown / seconds_ : 0;
    }

private:
    double seconds_;
};

Json port_rates(const Rates& rate, const TopSample& before, const TopSample& after) {
    Json rows = Json::array();
    for (const Json& port : at(after.ports, "ports")) {
        const Json& old = same_entry(at(before.ports, "ports"), port, {"pair", "side"});
        rows.push_back({{"pair", at(port, "pair")},
                        {"side", at(port, "side")},
                        {"link", at(port, "link")},
                        {"rx_frames", rate(old, port, "rx_frames")},
                        {"rx_bits", 8 * rate(old, port, "rx_bytes")},
                        {"tx_frames", rate(old, port, "tx_frames")},
                        {"tx_bits", 8 * rate(old, port, "tx_bytes")},
                        {"missed_frames", rate(old, port, "missed_frames")}});
    }
    return rows;
}

Json name_rates(const Rates& rate, const Json& before, const Json& after) {
    Json names = Json::object();
    for (const char* protocol : {"dns", "tls", "quic", "http"})
        for (const char* verdict : {"allowed", "blocked", "monitored"}) {
            const std::string member = std::string("names_") + verdict;
            names[protocol][verdict] = rate(at(before, member.c_str()), at(after, member.c_str()), protocol);
        }
    return names;
}

Json drop_rates(const Rates& rate, const TopSample& before, const TopSample& after) {
    std::vector<Json> rows;
    for (const Json& reason : at(after.drops, "reasons")) {
        const Json& old = same_entry(at(before.drops, "reasons"), reason, {"reason"});
        const double drops = rate(old, reason, "drops");
        if (drops > 0) rows.push_back({{"reason", at(reason, "reason")}, {"frames", drops}});
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Json& a, const Json& b) { return at(a, "frames").number() > at(b, "frames").number(); });
    rows.resize(std::min(rows.size(), kReasonLimit));
    return Json(rows);
}

Json worker_rows(const Json& stats) {
    Json rows = Json::array();
    for (const Json& worker : at(stats, "workers"))
        rows.push_back({{"worker", at(worker, "worker")},
                        {"pair", at(worker, "pair")},
                        {"moving", at(worker, "moving")},
                        {"busy_ratio", at(worker, "busy_ratio")}});
    return rows;
}

Json tables(const Rates& rate, const Json& before, const Json& after) {
    Json made = Json::object();
    for (const char* gauge : {"flows", "quic_connections", "fragments_held", "held_frames"})
        made[gauge] = at(after, gauge);
    for (const char* count : {"flows_inserted", "flows_settled", "flows_evicted", "injected_frames"})
        made[count] = rate(before, after, count);
    return made;
}

/// "12.3 M" of a rate.
std::string short_number(const Json& value) {
    double rate = value.number();
    constexpr std::array<const char*, 5> kUnits{"", "k", "M", "G", "T"};
    std::size_t unit = 0;
    for (; rate >= 999.5 && unit + 1 < kUnits.size(); ++unit) rate /= 1000;
    return unit == 0 ? fmt::format("{:.0f}  ", rate) : fmt::format("{:.1f} {}", rate, kUnits[unit]);
}

/// How the pairs are run, each way once: "inline", "inline and wire".
std::string modes_text(const Json& modes) {
    std::vector<std::string> known;
    std::string text;
    for (const Json& pair : modes) {
        const std::string mode = text_of(at(pair, "mode"));
        if (std::find(known.begin(), known.end(), mode) != known.end()) continue;
        known.push_back(mode);
        text += (text.empty() ? "" : " and ") + mode;
    }
    return text.empty() ? "running" : text;
}

std::string title(const Json& status) {
    const Json &dataplane = at(status, "dataplane"), &rules = at(status, "ruleset");
    return fmt::format("sluis {}: {}, {} of {} workers move; rules {}, sequence {}{}; {} alarm(s)",
                       text_of(at(status, "version")),
                       at(dataplane, "running") == true ? modes_text(at(status, "modes")) : "NOT RUNNING",
                       text_of(at(dataplane, "moving_workers")), text_of(at(dataplane, "workers")),
                       text_of(at(rules, "in_force")), text_of(at(rules, "sequence")),
                       at(rules, "pending") == true ? ", on probation" : "", at(status, "alarms").size());
}

void add_ports(std::vector<std::string>& lines, const Json& ports) {
    lines.push_back(fmt::format("{:<24} {:<6} {:>9} {:>9} {:>9} {:>9} {:>8}", "port, a second", "link", "frames in",
                                "bits in", "out", "bits out", "missed"));
    for (const Json& port : ports)
        lines.push_back(fmt::format("{:<24} {:<6} {:>9} {:>9} {:>9} {:>9} {:>8}",
                                    text_of(at(port, "pair")) + " " + text_of(at(port, "side")),
                                    text_of(at(port, "link")), short_number(at(port, "rx_frames")),
                                    short_number(at(port, "rx_bits")), short_number(at(port, "tx_frames")),
                                    short_number(at(port, "tx_bits")), short_number(at(port, "missed_frames"))));
}

void add_names(std::vector<std::string>& lines, const Json& names) {
    lines.push_back(fmt::format("{:<24} {:>9} {:>9} {:>9}", "names, a second", "allowed", "blocked", "monitored"));
    for (const auto& [protocol, counts] : names.members())
        lines.push_back(fmt::format("{:<24} {:>9} {:>9} {:>9}", protocol, short_number(at(counts, "allowed")),
                                    short_number(at(counts, "blocked")), short_number(at(counts, "monitored"))));
}

void add_state(std::vector<std::string>& lines, const Json& rates) {
    std::string busy = "busy";
    for (const Json& worker : at(rates, "workers"))
        busy += fmt::format("  {} {:.0f} %{}", text_of(at(worker, "worker")), 100 * at(worker, "busy_ratio").number(),
                            at(worker, "moving") == true ? "" : " STANDS");
    lines.push_back(busy);
    const Json& tables = at(rates, "tables");
    lines.push_back(fmt::format("kept  flows {}  quic {}  fragments {}  held {}", text_of(at(tables, "flows")),
                                text_of(at(tables, "quic_connections")), text_of(at(tables, "fragments_held")),
                                text_of(at(tables, "held_frames"))));
    lines.push_back(fmt::format("flows a second  opened {}  settled {}  evicted {}  frames made {}",
                                short_number(at(tables, "flows_inserted")), short_number(at(tables, "flows_settled")),
                                short_number(at(tables, "flows_evicted")),
                                short_number(at(tables, "injected_frames"))));
}

/// `text`, cut to so many characters: it is one_line's, so that each takes a column or two.
std::string cut(const std::string& text, std::size_t width) {
    if (width == 0) return text;
    std::size_t bytes = 0, columns = 0;
    const auto continues = [&] {
        return bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80;
    };
    while (bytes < text.size() && columns < width) {
        ++bytes;
        ++columns;
        while (continues()) ++bytes;
    }
    return text.substr(0, bytes);
}

}  // namespace

tl::expected<TopSample, int> take_top_sample(const ApiOptions& options) {
    TopSample sample;
    sample.time = std::chrono::steady_clock::now();
    for (const auto& [path, answer] :
         {std::pair("/v1/status", &sample.status), std::pair("/v1/ports", &sample.ports),
          std::pair("/v1/stats", &sample.stats), std::pair("/v1/stats/drops", &sample.drops)}) {
        auto asked = ask_for_json(options, {"GET", path, "", "", false});
        if (!asked) return tl::unexpected(asked.error());
        *answer = std::move(*asked);
    }
    return sample;
}

Json top_rates(const TopSample& before, const TopSample& after) {
    const double seconds = std::chrono::duration<double>(after.time - before.time).count();
    const Rates rate(seconds);
    const Json &old = at(before.stats, "total"), &total = at(after.stats, "total");
    return {{"seconds", seconds},
            {"status", after.status},
            {"ports", port_rates(rate, before, after)},
            {"names", name_rates(rate, old, total)},
            {"drops", drop_rates(rate, before, after)},
            {"workers", worker_rows(after.stats)},
            {"tables", tables(rate, old, total)}};
}

std::vector<std::string> top_lines(const Json& rates, std::size_t width, std::size_t height) {
    std::vector<std::string> lines{title(at(rates, "status")), ""};
    add_ports(lines, at(rates, "ports"));
    lines.emplace_back();
    add_names(lines, at(rates, "names"));
    lines.emplace_back();
    add_state(lines, rates);
    for (const Json& alarm : at(at(rates, "status"), "alarms"))
        lines.push_back(fmt::format("ALARM {}: {}", text_of(at(alarm, "name")), text_of(at(alarm, "message"))));
    lines.emplace_back("dropped frames, a second");
    for (const Json& drop : at(rates, "drops"))
        lines.push_back(fmt::format("{:<24} {:>9}", text_of(at(drop, "reason")), short_number(at(drop, "frames"))));
    if (at(rates, "drops").empty()) lines.back() += ": none";
    if (height != 0 && lines.size() > height) lines.resize(height);
    for (std::string& line : lines) line = cut(line, width);
    return lines;
}

}  // namespace sluis
