// SQLite, as much of it as history needs: a file of bounded size, statements, and errors that say whether the file is
// damaged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace sluis {

struct DatabaseError {
    std::string message;   ///< one line: the file, and what is wrong
    bool damaged = false;  ///< it is no database, or one that cannot be read
};

template <typename Value>
using Stored = tl::expected<Value, DatabaseError>;

class Statement;

/// One connection; for one thread at a time.
class Database {
public:
    /// Opens the file, or makes it, mode 0640; no link is followed. `pages`: of 4 KiB, its size at the most.
    static Stored<Database> open_to_write(const std::string& path, std::int64_t pages);
    /// Opens a file that is there. Nothing that is written meanwhile is waited for, or seen.
    static Stored<Database> open_to_read(const std::string& path);

    /// Carries out statements without values and rows.
    Stored<void> run(const char* statements);
    Stored<Statement> prepare(const char* statement);
    /// The first number of the first row.
    Stored<std::int64_t> number(const char* statement);
    /// The bytes of a file with all that this connection sees.
    Stored<std::string> image() const;
    /// Rows that the last statement changed.
    std::int64_t changed() const;
    DatabaseError error() const;

private:
    struct Close {
        void operator()(sqlite3* connection) const noexcept;
    };
    Database(std::string path, sqlite3* connection) : path_(std::move(path)), connection_(connection) {}
    static Stored<Database> open(const std::string& path, int flags);

    std::string path_;
    std::unique_ptr<sqlite3, Close> connection_;
};

/// A statement with its values. REQUIRES: the database outlives it, where it is.
class Statement {
public:
    Statement(Statement&&) noexcept = default;

    /// The next value, from the first one on; texts are copied.
    Statement& bind(std::int64_t value);
    Statement& bind(std::uint64_t value);
    Statement& bind(std::string_view value);
    /// The next row; false when there are no more, and then the values are the next ones to bind.
    Stored<bool> step();
    /// Carries it out, without rows.
    Stored<void> run();

    std::int64_t number(int column) const;
    std::uint64_t count(int column) const;
    std::string text(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Statement(const Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}

    const Database* database_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int next_ = 1;
};

}  // namespace sluis
