#include "control/history/history_reader.h"

#include <algorithm>
#include <utility>

namespace sluis {
namespace {

/// Each change ends where the next one begins; a clock that was set back makes none of negative length.
template <typename Change>
std::vector<Lasting<Change>> lasting_within(std::vector<Change> changes, std::int64_t from, std::int64_t until) {
    std::vector<Lasting<Change>> made;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const bool is_last = i + 1 == changes.size();
        const std::int64_t end = is_last ? 0 : std::max(changes[i].since, changes[i + 1].since);
        if (changes[i].since >= until || (!is_last && end <= from)) continue;
        made.push_back({std::move(changes[i]), end});
    }
    return made;
}

template <typename Row>
Stored<std::vector<Row>> rows_of(Stored<Statement> statement, Row (*read)(const Statement& row)) {
    if (!statement) return tl::unexpected(statement.error());
    std::vector<Row> rows;
    for (;;) {
        const auto row = statement->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return rows;
        rows.push_back(read(*statement));
    }
}

}  // namespace

Stored<HistoryReader> HistoryReader::open(const std::string& path) {
    auto database = Database::open_to_read(path);
    if (!database) return tl::unexpected(database.error());
    return HistoryReader(std::move(*database));
}

Stored<std::int64_t> HistoryReader::since() { return database_.number("SELECT value FROM fact WHERE name = 'since'"); }

Stored<PeriodCounts> HistoryReader::counts(const char* statement, std::int64_t first, std::int64_t last) {
    auto rows = database_.prepare(statement);
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(first).bind(last);
    PeriodCounts counts;
    for (;;) {
        const auto row = rows->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return counts;
        counts[{rows->number(0), {rows->text(1), rows->text(2), rows->text(3)}}] = {rows->count(4), rows->count(5)};
    }
}

Stored<PeriodCounts> HistoryReader::hours(std::int64_t first, std::int64_t last) {
    return counts("SELECT hour, zone, category, protocol, refused, would_refuse FROM hourly WHERE hour BETWEEN ? AND ?",
                  first, last);
}

Stored<PeriodCounts> HistoryReader::days(std::int64_t first, std::int64_t last) {
    return counts("SELECT day, zone, category, protocol, refused, would_refuse FROM daily WHERE day BETWEEN ? AND ?",
                  first, last);
}

Stored<std::vector<Lasting<RulesetRecord>>> HistoryReader::rulesets(std::int64_t from, std::int64_t until) {
    auto rows = rows_of<RulesetRecord>(
        database_.prepare("SELECT since, origin, sequence, sha256 FROM ruleset ORDER BY id"), [](const Statement& row) {
            return RulesetRecord{row.number(0), row.text(1), row.count(2), row.text(3)};
        });
    if (!rows) return tl::unexpected(rows.error());
    return lasting_within(std::move(*rows), from, until);
}

Stored<std::vector<Lasting<PhaseRecord>>> HistoryReader::phases(std::int64_t from, std::int64_t until) {
    auto rows = rows_of<PhaseRecord>(database_.prepare("SELECT since, sha256, modes FROM phase ORDER BY id"),
                                     [](const Statement& row) {
                                         return PhaseRecord{row.number(0), row.text(1), row.text(2)};
                                     });
    if (!rows) return tl::unexpected(rows.error());
    return lasting_within(std::move(*rows), from, until);
}

Stored<std::vector<Outage>> HistoryReader::outages(std::int64_t from, std::int64_t until) {
    auto statement = database_.prepare(
        "SELECT what, subject, detail, began, ended FROM outage WHERE began < ? AND (ended = 0 OR ended >= ?) "
        "ORDER BY began, id");
    if (statement) statement->bind(until).bind(from);
    return rows_of<Outage>(std::move(statement), [](const Statement& row) {
        return Outage{{row.text(0), row.text(1), row.text(2)}, row.number(3), row.number(4)};
    });
}

}  // namespace sluis
