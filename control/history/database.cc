#include "control/history/database.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

constexpr int kBusyMilliseconds = 500;

DatabaseError error_of(const std::string& path, sqlite3* connection, int code) {
    const char* text = connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection);
    const int primary = code & 0xff;
    return {path + ": " + one_line(text), primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB};
}

}  // namespace

void Database::Close::operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Stored<Database> Database::open(const std::string& path, int flags) {
    sqlite3* connection = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(path, connection);
    if (code != SQLITE_OK) return tl::unexpected(error_of(path, connection, code));
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, kBusyMilliseconds);
    // What a damaged or forged file says of itself is not trusted; nothing is written beside it.
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (auto set = database.run("PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA temp_store = MEMORY;"
                                "PRAGMA cache_size = -512; PRAGMA mmap_size = 0;");
        !set)
        return tl::unexpected(set.error());
    return database;
}

Stored<Database> Database::open_to_write(const std::string& path, std::int64_t pages) {
    // SQLite's own flag would refuse links among the folders, too. Closed before SQLite has the file: a process's locks
    // on one go with any descriptor of it.
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640));
    if (!file.valid()) return tl::unexpected(DatabaseError{path + ": " + std::strerror(errno), false});
    file.reset();
    auto database = open(path, SQLITE_OPEN_READWRITE);
    if (!database) return database;
    // Readers do not wait for the writer, nor it for them; what is written is on the disk, or was never there.
    const std::string settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 256;"
        "PRAGMA journal_size_limit = 1048576; PRAGMA max_page_count = " +
        std::to_string(pages);
    if (auto set = database->run(settings.c_str()); !set) return tl::unexpected(set.error());
    return database;
}

Stored<Database> Database::open_to_read(const std::string& path) {
    auto database = open(path, SQLITE_OPEN_READWRITE);
    if (!database) return database;
    if (auto set = database->run("PRAGMA query_only = 1; BEGIN"); !set) return tl::unexpected(set.error());
    return database;
}

DatabaseError Database::error() const {
    return error_of(path_, connection_.get(), sqlite3_extended_errcode(connection_.get()));
}

Stored<void> Database::run(const char* statements) {
    if (sqlite3_exec(connection_.get(), statements, nullptr, nullptr, nullptr) != SQLITE_OK)
        return tl::unexpected(error());
    return {};
}

Stored<Statement> Database::prepare(const char* statement) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(connection_.get(), statement, -1, &made, nullptr) != SQLITE_OK)
        return tl::unexpected(error());
    return Statement(*this, made);
}

Stored<std::int64_t> Database::number(const char* statement) {
    auto made = prepare(statement);
    if (!made) return tl::unexpected(made.error());
    const auto row = made->step();
    if (!row) return tl::unexpected(row.error());
    return *row ? made->number(0) : 0;
}

Stored<std::string> Database::image() const {
    sqlite3_int64 size = 0;
    const std::unique_ptr<unsigned char, void (*)(void*)> bytes(sqlite3_serialize(connection_.get(), "main", &size, 0),
                                                                sqlite3_free);
    if (!bytes) return tl::unexpected(error());
    return std::string(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
}

std::int64_t Database::changed() const { return sqlite3_changes64(connection_.get()); }

Statement& Statement::bind(std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), next_++, value);
    return *this;
}

Statement& Statement::bind(std::uint64_t value) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return bind(static_cast<std::int64_t>(std::min(value, kMost)));
}

Statement& Statement::bind(std::string_view value) {
    sqlite3_bind_text64(statement_.get(), next_++, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Stored<bool> Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    next_ = 1;
    if (code == SQLITE_DONE && sqlite3_reset(statement_.get()) == SQLITE_OK) return false;
    const DatabaseError error = database_->error();
    sqlite3_reset(statement_.get());
    return tl::unexpected(error);
}

Stored<void> Statement::run() {
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    return {};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::uint64_t Statement::count(int column) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(number(column), 0));
}

std::string Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return text == nullptr
               ? ""
               : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

}  // namespace sluis
