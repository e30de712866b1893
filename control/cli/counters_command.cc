#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/command_options.h"
#include "control/cli/commands.h"
#include "control/cli/json.h"
#include "control/cli/standard_error.h"
#include "control/observability/counter_words.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/counters_file.h"

namespace sluis {
namespace {

struct Options {
    std::string runtime = Config{}.runtime_directory;
    bool json = false;
};

/// One worker's counts, or a sum of several.
struct Row {
    std::string title;
    WorkerCounters counters;
};

/// Every plain count with its name; arrays by reason and by protocol follow apart.
struct Named {
    const char* name;
    std::uint64_t value;
};

std::vector<Named> plain_counts(const WorkerCounters& c) {
    return {{"rx_frames_inside", c.rx_frames[0]},
            {"rx_frames_outside", c.rx_frames[1]},
            {"rx_bytes_inside", c.rx_bytes[0]},
            {"rx_bytes_outside", c.rx_bytes[1]},
            {"tx_frames_inside", c.tx_frames[0]},
            {"tx_frames_outside", c.tx_frames[1]},
            {"tx_bytes_inside", c.tx_bytes[0]},
            {"tx_bytes_outside", c.tx_bytes[1]},
            {"injected_frames", c.injected_frames},
            {"held_frames", c.held_frames},
            {"handed_over", c.handed_over},
            {"flows", c.flows},
            {"flows_inserted", c.flows_inserted},
            {"flows_settled", c.flows_settled},
            {"flows_evicted", c.flows_evicted},
            {"flows_expired", c.flows_expired},
            {"quic_connections", c.quic_connections},
            {"fragments_held", c.fragments_held},
            {"heartbeat", c.heartbeat},
            {"busy_cycles", c.busy_cycles},
            {"total_cycles", c.total_cycles},
            {"overloaded", c.overloaded},
            {"overloads", c.overloads}};
}

using ByReason = std::array<std::uint64_t, kReasonSlots>;
using ByProtocol = std::array<std::uint64_t, 8>;

Json reasons_json(const ByReason& counts) {
    Json object = Json::object();
    for (std::size_t i = 0; i < kReasonCount; ++i)
        if (counts[i] != 0) object[kReasons[i].name] = counts[i];
    return object;
}

Json protocols_json(const ByProtocol& counts) {
    Json object = Json::object();
    for (std::size_t i = 1; i < kProtocolNames.size(); ++i) object[kProtocolNames[i]] = counts[i];
    return object;
}

/// What each reason means.
Json meanings_json() {
    Json object = Json::object();
    for (const ReasonInfo& reason : kReasons) object[reason.name] = reason.text;
    return object;
}

/// Calls `each(zone, category, protocol)` for every slot where any of the columns has a count.
template <typename Counted, typename Each>
void visit_zone_counts(Counted&& counted, Each&& each) {
    for (std::size_t zone = 0; zone < kZoneSlots; ++zone)
        for (std::size_t category = 0; category < kCategorySlots; ++category)
            for (std::size_t protocol = 0; protocol < kProtocolNames.size(); ++protocol)
                if (counted(zone, category, protocol)) each(zone, category, protocol);
}

/// {"zone": {"category": {"protocol": count}}}, where there is a count.
Json zones_json(const CountersView& view, const ZoneCounts& counts) {
    Json object = Json::object();
    visit_zone_counts([&](auto zone, auto category, auto protocol) { return counts[zone][category][protocol] != 0; },
                      [&](auto zone, auto category, auto protocol) {
                          object[view.zone(zone)][view.category(category)][kProtocolNames[protocol]] =
                              counts[zone][category][protocol];
                      });
    return object;
}

Json row_json(const CountersView& view, const WorkerCounters& counters) {
    Json object = Json::object();
    for (const auto& [name, value] : plain_counts(counters)) object[name] = value;
    object["balance"] = balance(counters);
    object["drops"] = reasons_json(counters.drops);
    object["blocks"] = reasons_json(counters.blocks);
    object["errors"] = reasons_json(counters.errors);
    object["would_drop"] = reasons_json(counters.would_drop);
    object["would_block"] = reasons_json(counters.would_block);
    object["names_allowed"] = protocols_json(counters.names_allowed);
    object["names_blocked"] = protocols_json(counters.names_blocked);
    object["names_monitored"] = protocols_json(counters.names_monitored);
    object["zone_blocked"] = zones_json(view, counters.zone_blocked);
    object["zone_monitored"] = zones_json(view, counters.zone_monitored);
    return object;
}

bool is_running(const CountersHeader& header) {
    return ::kill(static_cast<pid_t>(header.pid), 0) == 0 || errno == EPERM;
}

/// One port of a pair, with the frames that the workers received from it.
struct PortRow {
    std::string pair;
    Side side;
    PortCounters counters;
    std::string set;
    PortTraffic traffic;
};

std::vector<PortRow> port_rows(const CountersView& view) {
    std::vector<PortRow> rows;
    for (std::size_t pair = 0; pair < view.pairs(); ++pair)
        for (const Side side : {Side::inside, Side::outside})
            rows.push_back({view.pair(pair), side, view.port(pair, side), view.set(pair), view.traffic(pair, side)});
    return rows;
}

std::string_view side_name(Side side) { return side == Side::inside ? "inside" : "outside"; }

std::string_view link_name(LinkState link) {
    const auto index = static_cast<std::size_t>(link);
    return kLinkStateNames[index < kLinkStateNames.size() ? index : 0];
}

Json ports_json(const std::vector<PortRow>& ports) {
    Json rows = Json::array();
    for (const PortRow& port : ports)
        rows.push_back({{"pair", port.pair},
                        {"set", port.set},
                        {"side", side_name(port.side)},
                        {"rx_frames", port.traffic.rx_frames},
                        {"rx_bytes", port.traffic.rx_bytes},
                        {"tx_frames", port.traffic.tx_frames},
                        {"tx_bytes", port.traffic.tx_bytes},
                        {"link", link_name(port.counters.link)},
                        {"link_changes", port.counters.link_changes},
                        {"missed_frames", port.counters.missed_frames},
                        {"held_down", port.counters.held_down != 0}});
    return rows;
}

Json pairs_json(const CountersView& view) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < view.pairs(); ++i) {
        const PairModeRecord record = view.pair_mode(i);
        Json transitions = Json::object();
        for (std::size_t cause = 0; cause < kModeCauseNames.size(); ++cause)
            transitions[kModeCauseNames[cause]] = record.transitions[cause];
        rows.push_back({{"pair", view.pair(i)},
                        {"set", view.set(i)},
                        {"mode", mode_word(record)},
                        {"cause", cause_word(record)},
                        {"author", record.author},
                        {"reason", record.reason},
                        {"since", record.since},
                        {"until", record.until},
                        {"transitions", std::move(transitions)}});
    }
    return rows;
}

/// How the pairs are run, where that is worth a word.
void print_modes(const CountersView& view) {
    for (std::size_t i = 0; i < view.pairs(); ++i) {
        const PairModeRecord record = view.pair_mode(i);
        if (record.mode != 0)
            fmt::print("pair {} is {} ({}): {}\n", view.pair(i), mode_word(record), cause_word(record), record.reason);
    }
}

/// What came to the ports, and what of it never got to a worker: no other line shows that.
void print_ports(const std::vector<PortRow>& ports) {
    fmt::print("{:<32} {:>16} {:>16} {:>16} {:>16} {:>16}\n", "port", "link", "link_changes", "rx_frames", "tx_frames",
               "missed_frames");
    for (const PortRow& port : ports) {
        const std::uint64_t missed = port.counters.missed_frames, came = missed + port.traffic.rx_frames;
        const std::string of_set = port.set.empty() ? "" : fmt::format(" ({})", port.set);
        fmt::print("{:<32} {:>16} {:>16} {:>16} {:>16} {:>16}",
                   fmt::format("{}{} {}", port.pair, of_set, side_name(port.side)), link_name(port.counters.link),
                   port.counters.link_changes, port.traffic.rx_frames, port.traffic.tx_frames, missed);
        if (missed != 0)
            fmt::print("  {:.1f} % of what came was lost before the box took it",
                       100.0 * static_cast<double>(missed) / static_cast<double>(came));
        fmt::print("\n");
    }
    fmt::print("\n");
}

void print_json(const CountersView& view, const std::vector<Row>& workers, const WorkerCounters& sum) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < workers.size(); ++i) {
        Json row{{"worker", i}, {"pair", view.pair_of_worker(i)}};
        row.update(row_json(view, workers[i].counters));
        rows.push_back(std::move(row));
    }
    const CountersHeader& header = view.header();
    const CountersView::RulesInForce rules = view.rules();
    print_json(Json{{"pid", header.pid},
                    {"running", is_running(header)},
                    {"started", header.started},
                    {"rule_digest", rules.digest},
                    {"rule_generation", rules.generation},
                    {"ports", ports_json(port_rows(view))},
                    {"pairs", pairs_json(view)},
                    {"total", row_json(view, sum)},
                    {"workers", std::move(rows)},
                    {"reasons", meanings_json()}});
}

/// One line of a table: a name, its value in each column, and what it means where the name does not say it.
void print_line(std::string_view name, const std::vector<Row>& columns, auto&& value, std::string_view meaning = "") {
    fmt::print("{:<32}", name);
    for (const Row& column : columns) fmt::print(" {:>16}", value(column.counters));
    fmt::print("{}{}\n", meaning.empty() ? "" : "  ", meaning);
}

/// The lines of one array by Reason, where a column has a count.
void print_reasons(std::string_view title, const std::vector<Row>& columns, ByReason WorkerCounters::*counts) {
    for (std::size_t i = 0; i < kReasonCount; ++i) {
        const auto value = [counts, i](const WorkerCounters& counters) { return (counters.*counts)[i]; };
        if (std::all_of(columns.begin(), columns.end(), [&](const Row& row) { return value(row.counters) == 0; }))
            continue;
        print_line(fmt::format("{}.{}", title, kReasons[i].name), columns, value, kReasons[i].text);
    }
}

/// The lines of one array by Protocol, where a column has a count.
void print_protocols(std::string_view title, const std::vector<Row>& columns, ByProtocol WorkerCounters::*counts) {
    for (std::size_t i = 0; i < kProtocolNames.size(); ++i) {
        const auto value = [counts, i](const WorkerCounters& counters) { return (counters.*counts)[i]; };
        if (std::all_of(columns.begin(), columns.end(), [&](const Row& row) { return value(row.counters) == 0; }))
            continue;
        print_line(fmt::format("{}.{}", title, kProtocolNames[i]), columns, value);
    }
}

/// The lines of one array by zone, category and protocol, where a column has a count.
void print_zones(const CountersView& view, std::string_view title, const std::vector<Row>& columns,
                 ZoneCounts WorkerCounters::*counts) {
    const auto value = [counts](const WorkerCounters& counters, auto zone, auto category, auto protocol) {
        return (counters.*counts)[zone][category][protocol];
    };
    visit_zone_counts(
        [&](auto... slot) {
            return std::any_of(columns.begin(), columns.end(),
                               [&](const Row& row) { return value(row.counters, slot...) != 0; });
        },
        [&](auto zone, auto category, auto protocol) {
            print_line(
                fmt::format("{}.{}.{}.{}", title, view.zone(zone), view.category(category), kProtocolNames[protocol]),
                columns, [&](const auto& c) { return value(c, zone, category, protocol); });
        });
}

void print_table(const CountersView& view, const std::vector<PortRow>& ports, const std::vector<Row>& columns) {
    const CountersHeader& header = view.header();
    const CountersView::RulesInForce rules = view.rules();
    fmt::print("sluis-dataplane {}, pid {}, rules {}, generation {}\n\n",
               is_running(header) ? "is running" : "has ended", header.pid,
               rules.digest.empty() ? "none" : rules.digest, rules.generation);
    print_modes(view);
    print_ports(ports);
    fmt::print("{:<32}", "");
    for (const Row& column : columns) fmt::print(" {:>16}", column.title);
    fmt::print("\n");
    const auto names = plain_counts(columns.front().counters);
    for (std::size_t i = 0; i < names.size(); ++i)
        print_line(names[i].name, columns, [i](const auto& c) { return plain_counts(c)[i].value; });
    print_reasons("drops", columns, &WorkerCounters::drops);
    print_reasons("blocks", columns, &WorkerCounters::blocks);
    print_reasons("errors", columns, &WorkerCounters::errors);
    print_reasons("would_drop", columns, &WorkerCounters::would_drop);
    print_reasons("would_block", columns, &WorkerCounters::would_block);
    print_protocols("names_allowed", columns, &WorkerCounters::names_allowed);
    print_protocols("names_blocked", columns, &WorkerCounters::names_blocked);
    print_protocols("names_monitored", columns, &WorkerCounters::names_monitored);
    print_zones(view, "zone_blocked", columns, &WorkerCounters::zone_blocked);
    print_zones(view, "zone_monitored", columns, &WorkerCounters::zone_monitored);
    print_line("balance", columns, [](const auto& c) { return balance(c); });
}

int show_counters(const Options& options) {
    const auto view = CountersView::open(options.runtime);
    if (!view) return fail_command(view.error());
    std::vector<Row> workers;
    WorkerCounters sum{};
    for (std::size_t i = 0; i < view->workers(); ++i) {
        workers.push_back({fmt::format("{}/{}", view->pair_of_worker(i), i), view->worker(i)});
        add(sum, workers.back().counters);
    }
    if (options.json) return print_json(*view, workers, sum), kExitOk;
    const auto ports = port_rows(*view);
    std::vector<Row> columns{{"total", sum}};
    if (workers.size() > 1) columns.insert(columns.end(), workers.begin(), workers.end());
    print_table(*view, ports, columns);
    return kExitOk;
}

}  // namespace

void add_counters_command(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command command = app.add_command("counters", "Show what the dataplane has counted, in all and by worker",
                                      show_counters, options);
    add_runtime_option(command, options->runtime);
    add_format_option(command, options->json);
}

}  // namespace sluis
