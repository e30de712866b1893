#include "control/history/history_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluis {
namespace {

constexpr std::int64_t kApplication = 0x534c5548;  // "SLUH"
constexpr std::int64_t kSchema = 1;

constexpr const char* kTables = R"(
CREATE TABLE hourly (hour INTEGER, zone TEXT, category TEXT, protocol TEXT, refused INTEGER, would_refuse INTEGER,
    PRIMARY KEY (hour, zone, category, protocol)) WITHOUT ROWID;
CREATE TABLE daily (day INTEGER, zone TEXT, category TEXT, protocol TEXT, refused INTEGER, would_refuse INTEGER,
    PRIMARY KEY (day, zone, category, protocol)) WITHOUT ROWID;
CREATE TABLE known (zone TEXT, category TEXT, protocol TEXT, refused INTEGER, would_refuse INTEGER,
    PRIMARY KEY (zone, category, protocol)) WITHOUT ROWID;
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE ruleset (id INTEGER PRIMARY KEY, since INTEGER, origin TEXT, sequence INTEGER, sha256 TEXT);
CREATE TABLE phase (id INTEGER PRIMARY KEY, since INTEGER, sha256 TEXT, modes TEXT);
CREATE TABLE outage (id INTEGER PRIMARY KEY, what TEXT, subject TEXT, began INTEGER, ended INTEGER, detail TEXT,
    UNIQUE (what, subject, began));
)";

/// Takes all rows of a table, one after the other.
template <typename Take>
Stored<void> each_row(Database& database, const char* statement, Take take) {
    auto rows = database.prepare(statement);
    if (!rows) return tl::unexpected(rows.error());
    for (;;) {
        const auto row = rows->step();
        if (!row) return tl::unexpected(row.error());
        if (!*row) return {};
        take(*rows);
    }
}

/// Adds counts to rows of one table.
class CountWriter {
public:
    static Stored<CountWriter> prepare(Database& database, const char* table, const char* period) {
        auto add = database.prepare(fmt::format("UPDATE {} SET refused = refused + ?, would_refuse = would_refuse + ? "
                                                "WHERE {} = ? AND zone = ? AND category = ? AND protocol = ?",
                                                table, period)
                                        .c_str());
        if (!add) return tl::unexpected(add.error());
        auto insert = database.prepare(fmt::format("INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?)", table).c_str());
        if (!insert) return tl::unexpected(insert.error());
        auto size = database.prepare(fmt::format("SELECT count(*) FROM {} WHERE {} = ?", table, period).c_str());
        if (!size) return tl::unexpected(size.error());
        return CountWriter(database, std::move(*add), std::move(*insert), std::move(*size));
    }

    Stored<void> write(std::int64_t period, const RefusalKey& key, const RefusalCount& count) {
        const auto added = add(period, key, count);
        if (!added) return tl::unexpected(added.error());
        if (*added) return {};
        const auto rows = rows_of(period);
        if (!rows) return tl::unexpected(rows.error());
        const RefusalKey other{"other", "other", key.protocol};
        if (*rows < kRowsOfPeriod || key == other) return insert(period, key, count);
        return write(period, other, count);
    }

private:
    CountWriter(Database& database, Statement add, Statement insert, Statement size)
        : database_(&database), add_(std::move(add)), insert_(std::move(insert)), size_(std::move(size)) {}

    Stored<bool> add(std::int64_t period, const RefusalKey& key, const RefusalCount& count) {
        add_.bind(count.refused).bind(count.would_refuse).bind(period);
        add_.bind(key.zone).bind(key.category).bind(key.protocol);
        if (auto done = add_.run(); !done) return tl::unexpected(done.error());
        return database_->changed() != 0;
    }
    Stored<void> insert(std::int64_t period, const RefusalKey& key, const RefusalCount& count) {
        insert_.bind(period).bind(key.zone).bind(key.category).bind(key.protocol);
        return insert_.bind(count.refused).bind(count.would_refuse).run();
    }
    Stored<std::int64_t> rows_of(std::int64_t period) {
        size_.bind(period);
        const auto row = size_.step();
        if (!row) return tl::unexpected(row.error());
        const std::int64_t rows = size_.number(0);
        if (auto end = size_.step(); !end) return tl::unexpected(end.error());
        return rows;
    }

    Database* database_;
    Statement add_, insert_, size_;
};

}  // namespace

Stored<HistoryStore> HistoryStore::open(const std::string& path, std::int64_t now) {
    auto database = Database::open_to_write(path, kHistoryPages);
    if (!database) return tl::unexpected(database.error());
    HistoryStore store(std::move(*database));
    const auto application = store.database_.number("PRAGMA application_id");
    if (!application) return tl::unexpected(application.error());
    const auto schema = store.database_.number("PRAGMA user_version");
    if (!schema) return tl::unexpected(schema.error());
    if (*application == 0 && *schema == 0) {
        if (auto made = store.make_tables(now); !made) return tl::unexpected(made.error());
    } else if (*application != kApplication || *schema != kSchema) {
        return tl::unexpected(DatabaseError{path + ": is no history of this version", true});
    }
    std::string finding;
    if (auto looked = each_row(store.database_, "PRAGMA quick_check(1)", [&](auto& row) { finding = row.text(0); });
        !looked)
        return tl::unexpected(looked.error());
    if (finding != "ok") return tl::unexpected(DatabaseError{path + ": " + finding, true});
    return store;
}

Stored<void> HistoryStore::make_tables(std::int64_t now) {
    const std::string text = fmt::format(
        "BEGIN IMMEDIATE;{}INSERT INTO fact VALUES ('since', {});PRAGMA application_id = {};"
        "PRAGMA user_version = {};COMMIT",
        kTables, now, kApplication, kSchema);
    auto made = database_.run(text.c_str());
    if (!made) (void)database_.run("ROLLBACK");
    return made;
}

Stored<HistoryMemory> HistoryStore::load() {
    HistoryMemory memory;
    Stored<void> done;
    const auto take = [&](const char* statement, auto into) {
        if (done) done = each_row(database_, statement, into);
    };
    take("SELECT name, value FROM fact", [&](const Statement& row) {
        const std::string name = row.text(0);
        if (name == "since") memory.since = row.number(1);
        if (name == "last_seen") memory.last_seen = row.number(1);
        if (name == "dataplane") memory.known.identity = row.text(1);
    });
    take("SELECT zone, category, protocol, refused, would_refuse FROM known", [&](const Statement& row) {
        memory.known.counts[{row.text(0), row.text(1), row.text(2)}] = {row.count(3), row.count(4)};
    });
    take("SELECT since, origin, sequence, sha256 FROM ruleset ORDER BY id DESC LIMIT 1", [&](const Statement& row) {
        memory.ruleset = {row.number(0), row.text(1), row.count(2), row.text(3)};
    });
    take("SELECT since, sha256, modes FROM phase ORDER BY id DESC LIMIT 1", [&](const Statement& row) {
        memory.phase = {row.number(0), row.text(1), row.text(2)};
    });
    take("SELECT what, subject, detail, began FROM outage WHERE ended = 0", [&](const Statement& row) {
        memory.open.push_back({{row.text(0), row.text(1), row.text(2)}, row.number(3), 0});
    });
    if (!done) return tl::unexpected(done.error());
    saved_ = memory.known;
    return memory;
}

Stored<void> HistoryStore::save(const HistoryBatch& batch) {
    if (auto begun = database_.run("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = write(batch);
    if (done) done = database_.run("COMMIT");
    if (done)
        saved_ = batch.known;
    else
        (void)database_.run("ROLLBACK");
    return done;
}

Stored<void> HistoryStore::write(const HistoryBatch& batch) {
    if (auto done = write_counts("hourly", "hour", batch.hours, kHoursKept); !done) return done;
    if (auto done = write_counts("daily", "day", batch.days, kDaysKept); !done) return done;
    if (auto done = write_known(batch.known); !done) return done;
    if (auto done = write_changes(batch); !done) return done;
    return write_last_seen(batch.time);
}

Stored<void> HistoryStore::write_counts(const char* table, const char* period, const PeriodCounts& counts,
                                        std::int64_t kept) {
    if (counts.empty()) return {};
    auto writer = CountWriter::prepare(database_, table, period);
    if (!writer) return tl::unexpected(writer.error());
    for (const auto& [place, count] : counts)
        if (auto done = writer->write(place.first, place.second, count); !done) return done;
    return drop_oldest(table, period, kept);
}

/// In two steps: SQLite 3.40 leaves OFFSET out of account where it is in a subquery with DISTINCT.
Stored<void> HistoryStore::drop_oldest(const char* table, const char* period, std::int64_t kept) {
    auto find = database_.prepare(
        fmt::format("SELECT {0} FROM {1} GROUP BY {0} ORDER BY {0} DESC LIMIT 1 OFFSET {2}", period, table, kept)
            .c_str());
    if (!find) return tl::unexpected(find.error());
    const auto found = find->step();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return {};
    auto drop = database_.prepare(fmt::format("DELETE FROM {} WHERE {} <= ?", table, period).c_str());
    if (!drop) return tl::unexpected(drop.error());
    return drop->bind(find->number(0)).run();
}

/// Only what is another than in the file: it is written once a minute.
Stored<void> HistoryStore::write_known(const DataplaneTotals& known) {
    const bool is_same = known.identity == saved_.identity;
    if (!is_same) {
        if (auto done = database_.run("DELETE FROM known"); !done) return done;
        auto name = database_.prepare("INSERT OR REPLACE INTO fact VALUES ('dataplane', ?)");
        if (!name) return tl::unexpected(name.error());
        if (auto done = name->bind(known.identity).run(); !done) return done;
    }
    auto write = database_.prepare("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?, ?)");
    if (!write) return tl::unexpected(write.error());
    for (const auto& [key, count] : known.counts) {
        const auto saved = saved_.counts.find(key);
        if (is_same && saved != saved_.counts.end() && saved->second == count) continue;
        write->bind(key.zone).bind(key.category).bind(key.protocol).bind(count.refused).bind(count.would_refuse);
        if (auto done = write->run(); !done) return done;
    }
    return {};
}

Stored<void> HistoryStore::write_changes(const HistoryBatch& batch) {
    auto ruleset = database_.prepare("INSERT INTO ruleset (since, origin, sequence, sha256) VALUES (?, ?, ?, ?)");
    if (!ruleset) return tl::unexpected(ruleset.error());
    for (const RulesetRecord& each : batch.rulesets)
        if (auto done = ruleset->bind(each.since).bind(each.origin).bind(each.sequence).bind(each.sha256).run(); !done)
            return done;
    auto phase = database_.prepare("INSERT INTO phase (since, sha256, modes) VALUES (?, ?, ?)");
    if (!phase) return tl::unexpected(phase.error());
    for (const PhaseRecord& each : batch.phases)
        if (auto done = phase->bind(each.since).bind(each.sha256).bind(each.modes).run(); !done) return done;
    auto outage = database_.prepare(
        "INSERT INTO outage (what, subject, began, ended, detail) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (what, subject, began) DO UPDATE SET ended = excluded.ended, detail = excluded.detail");
    if (!outage) return tl::unexpected(outage.error());
    for (const auto& [key, each] : batch.outages) {
        outage->bind(each.condition.what).bind(each.condition.subject).bind(each.began).bind(each.ended);
        if (auto done = outage->bind(each.condition.detail).run(); !done) return done;
    }
    if (batch.rulesets.empty() && batch.phases.empty() && batch.outages.empty()) return {};
    return database_.run(fmt::format("DELETE FROM ruleset WHERE id <= (SELECT max(id) FROM ruleset) - {};"
                                     "DELETE FROM phase WHERE id <= (SELECT max(id) FROM phase) - {};"
                                     "DELETE FROM outage WHERE id <= (SELECT max(id) FROM outage) - {}",
                                     kRulesetsKept, kPhasesKept, kOutagesKept)
                             .c_str());
}

/// Never back: who looks for absences is not to find one where the clock was set.
Stored<void> HistoryStore::write_last_seen(std::int64_t time) {
    auto write = database_.prepare(
        "INSERT INTO fact VALUES ('last_seen', ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)");
    if (!write) return tl::unexpected(write.error());
    return write->bind(time).run();
}

}  // namespace sluis
