// Cells of a CSV text (RFC 4180), with commas, semicolons or tabs, and with any line ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluis {

/// Counted from 1; the column in bytes.
struct CsvPlace {
    std::size_t line = 1;
    std::size_t column = 1;
};

struct CsvCell {
    std::string_view text;  ///< without quotes and surrounding blanks; valid until the next call of next()
    std::size_t index = 0;  ///< in its row
    CsvPlace place;
};

/// Reads forward, each byte once. Rows without any cell are passed over.
class CsvReader {
public:
    explicit CsvReader(std::string_view text) noexcept;

    /// The next cell, or false at the end.
    bool next(CsvCell& cell);
    /// Whether the last call of next() gave a cell.
    bool at_cell() const noexcept { return at_cell_; }
    /// Whether the text ended within quotes that began at broken_at().
    bool broken() const noexcept { return broken_; }
    CsvPlace broken_at() const noexcept { return broken_at_; }

private:
    void skip_empty_rows() noexcept;
    std::string_view quoted() noexcept;
    std::string_view plain() noexcept;
    void end_cell() noexcept;
    bool is_at_line_end() const noexcept { return text_[at_] == '\n' || text_[at_] == '\r'; }
    void pass_line_end() noexcept;
    CsvPlace place() const noexcept { return {line_, at_ - line_start_ + 1}; }

    std::string_view text_;
    char separator_ = ',';
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t line_start_ = 0;
    std::size_t index_ = 0;
    bool row_goes_on_ = false;  ///< a separator came last: a cell follows, even an empty one
    bool at_cell_ = false;
    bool broken_ = false;
    CsvPlace broken_at_;
    std::string unescaped_;
};

}  // namespace sluis
