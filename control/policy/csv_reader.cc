#include "control/policy/csv_reader.h"

#include <algorithm>
#include <array>

namespace sluis {
namespace {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// The separator that the first line has most of, outside quotes.
char separator_of(std::string_view text) noexcept {
    constexpr std::string_view kSeparators = ",;\t";
    std::array<std::size_t, kSeparators.size()> counts{};
    bool inside = false;
    for (const char c : text) {
        if (c == '"') inside = !inside;
        if (!inside && (c == '\n' || c == '\r')) break;
        const std::size_t which = kSeparators.find(c);
        if (!inside && which != kSeparators.npos) ++counts[which];
    }
    return kSeparators[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin())];
}

}  // namespace

CsvReader::CsvReader(std::string_view text) noexcept : text_(text), separator_(separator_of(text)) {}

void CsvReader::pass_line_end() noexcept {
    const bool both = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    at_ += both ? 2 : 1;
    ++line_;
    line_start_ = at_;
    index_ = 0;
}

void CsvReader::skip_empty_rows() noexcept {
    while (at_ < text_.size() && is_at_line_end()) pass_line_end();
}

/// A cell in quotes; two in a row are one of its own.
std::string_view CsvReader::quoted() noexcept {
    const CsvPlace begin = place();
    unescaped_.clear();
    ++at_;
    while (at_ < text_.size()) {
        if (text_[at_] == '"') {
            ++at_;
            if (at_ == text_.size() || text_[at_] != '"') return unescaped_;
        }
        unescaped_ += text_[at_];
        if (is_at_line_end()) {
            pass_line_end();
        } else {
            ++at_;
        }
    }
    broken_ = true;
    broken_at_ = begin;
    return unescaped_;
}

std::string_view CsvReader::plain() noexcept {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && !is_at_line_end()) ++at_;
    return text_.substr(begin, at_ - begin);
}

/// Passes what ends the cell, and whatever stands between a closing quote and that.
void CsvReader::end_cell() noexcept {
    while (at_ < text_.size() && text_[at_] != separator_ && !is_at_line_end()) ++at_;
    row_goes_on_ = at_ < text_.size() && text_[at_] == separator_;
    if (row_goes_on_) ++at_;
}

bool CsvReader::next(CsvCell& cell) {
    if (!row_goes_on_) skip_empty_rows();
    at_cell_ = !broken_ && (row_goes_on_ || at_ < text_.size());
    if (!at_cell_) return false;
    while (at_ < text_.size() && is_blank(text_[at_]) && text_[at_] != separator_) ++at_;
    cell.place = place();
    // Lines within quotes start a row only in the text's eyes.
    const std::size_t index = index_;
    cell.text = at_ < text_.size() && text_[at_] == '"' ? quoted() : plain();
    while (!cell.text.empty() && is_blank(cell.text.back())) cell.text.remove_suffix(1);
    while (!cell.text.empty() && is_blank(cell.text.front())) cell.text.remove_prefix(1);
    cell.index = index;
    index_ = index + 1;
    end_cell();
    return at_cell_ = !broken_;
}

}  // namespace sluis
