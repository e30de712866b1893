#include "control/rules/name_regex.h"

#include <fmt/format.h>

#include <optional>

namespace sluis {
namespace {

constexpr unsigned kDepthLimit = 32;
constexpr std::string_view kNewline = "\\n";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_printable(char c) { return c > 0x20 && c < 0x7f; }
constexpr bool is_punctuation(char c) { return is_printable(c) && !is_digit(c) && !is_lower(c) && !is_upper(c); }

void emit_literal(std::string& out, char c) {
    if (is_digit(c) || is_lower(c) || c == '_') {
        out += c;
    } else {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
}

/// Reads the expression and writes the rewritten one as it goes. After the first error every step returns false.
class Rewriter {
public:
    explicit Rewriter(std::string_view regex) : regex_(regex) {}
    tl::expected<std::string, std::string> run();

private:
    bool at_end() const { return next_ == regex_.size(); }
    char peek() const { return at_end() ? '\0' : regex_[next_]; }
    bool take(char c) { return peek() == c && !at_end() ? (++next_, true) : false; }
    bool fail(std::string reason);

    bool alternatives(unsigned depth);
    bool sequence(unsigned depth);
    bool element(unsigned depth);
    bool group(unsigned depth);
    bool escape();
    bool literal();
    bool set();
    bool set_item();
    std::optional<char> set_byte();
    bool quantifier();
    bool counts();
    std::optional<unsigned> count();

    std::string_view regex_;
    std::size_t next_ = 0;
    std::string out_;
    std::string error_;
};

bool Rewriter::fail(std::string reason) {
    if (error_.empty()) error_ = fmt::format("at character {} of the pattern: {}", next_ + 1, reason);
    return false;
}

tl::expected<std::string, std::string> Rewriter::run() {
    if (regex_.size() > kRegexLimit) {
        return tl::unexpected(fmt::format("the pattern has {} bytes; {} is the most", regex_.size(), kRegexLimit));
    }
    out_ = take('^') ? "\\n\\." : "\\.";
    const std::size_t body = next_;
    if (!sequence(0)) return tl::unexpected(error_);
    if (next_ == body && peek() == '$') fail("the pattern matches the empty name only");
    if (peek() == '|') fail("alternatives outside of a group; write (one|other)$");
    if (peek() == ')') fail("')' closes no group");
    if (error_.empty() && !take('$')) fail("the pattern must end with $, the name's end");
    if (error_.empty() && !at_end()) fail("$ means the name's end, and something follows it");
    if (!error_.empty()) return tl::unexpected(error_);
    return out_ + std::string(kNewline);
}

bool Rewriter::alternatives(unsigned depth) {
    do {
        const std::size_t before = next_;
        if (!sequence(depth)) return false;
        if (next_ == before) return fail("an empty alternative; write (…)? for what may be missing");
        if (peek() == '|') out_ += '|';
    } while (take('|'));
    return true;
}

bool Rewriter::sequence(unsigned depth) {
    while (!at_end() && peek() != '|' && peek() != ')' && peek() != '$') {
        if (!element(depth) || !quantifier()) return false;
    }
    return true;
}

bool Rewriter::element(unsigned depth) {
    switch (peek()) {
        case '(':
            return group(depth);
        case '[':
            return set();
        case '\\':
            return escape();
        case '.':
            ++next_;
            out_ += "[^\\n]";
            return true;
        case '^':
            return fail("^ means the name's start and stands first only");
        case '*':
        case '+':
        case '?':
        case '{':
            return fail("a repetition of nothing");
        default:
            return literal();
    }
}

bool Rewriter::group(unsigned depth) {
    if (depth == kDepthLimit) return fail("groups too deep");
    ++next_;
    if (take('?') && !take(':')) return fail("only (…) and (?:…) groups: no look-around, flags or names");
    out_ += "(?:";
    if (!alternatives(depth + 1)) return false;
    if (peek() == '$') return fail("$ means the name's end and stands last only");
    if (!take(')')) return fail("a group that is not closed");
    out_ += ')';
    return true;
}

bool Rewriter::literal() {
    const char c = peek();
    if (is_upper(c)) return fail(fmt::format("'{}' can never match: names are lower-case", c));
    if (!is_printable(c))
        return fail("names hold no such byte: white space, control bytes and bytes above 0x7e are \\\\DDD");
    if (c == ']' || c == '}') return fail(fmt::format("'{}' closes nothing; write \\{}", c, c));
    ++next_;
    emit_literal(out_, c);
    return true;
}

bool Rewriter::escape() {
    ++next_;
    const char c = peek();
    if (c == 'd') {
        out_ += "[0-9]";
    } else if (c == 'w') {
        out_ += "[a-z0-9_]";
    } else if (!at_end() && is_punctuation(c)) {
        emit_literal(out_, c);
    } else {
        return fail("only \\d, \\w and escaped punctuation: other escapes could cross from one name into the next");
    }
    ++next_;
    return true;
}

bool Rewriter::set() {
    ++next_;
    const bool negated = take('^');
    out_ += negated ? "[^" : "[";
    if (peek() == ']') return fail("an empty set");
    while (!at_end() && peek() != ']') {
        if (!set_item()) return false;
    }
    if (!take(']')) return fail("a set that is not closed");
    // The one place where an element would reach across names.
    if (negated) out_ += kNewline;
    out_ += ']';
    return true;
}

bool Rewriter::set_item() {
    if (regex_.substr(next_, 2) == "\\d" || regex_.substr(next_, 2) == "\\w") {
        out_ += regex_[next_ + 1] == 'd' ? "0-9" : "a-z0-9_";
        next_ += 2;
        return peek() != '-' || regex_.substr(next_, 2) == "-]" || fail("a range that begins with a set");
    }
    const std::optional<char> low = set_byte();
    if (!low) return false;
    emit_literal(out_, *low);
    if (peek() != '-' || regex_.substr(next_, 2) == "-]") return true;
    ++next_;
    const std::optional<char> high = set_byte();
    if (!high) return false;
    if (*high < *low) return fail("a range that ends before it begins");
    out_ += '-';
    emit_literal(out_, *high);
    return true;
}

std::optional<char> Rewriter::set_byte() {
    const bool escaped = take('\\');
    const char c = peek();
    if (at_end()) {
        fail("a set that is not closed");
    } else if (escaped && !is_punctuation(c)) {
        fail("only \\d, \\w and escaped punctuation in a set");
    } else if (!escaped && c == '[') {
        fail("'[' in a set; write \\[");
    } else if (is_upper(c)) {
        fail(fmt::format("'{}' can never match: names are lower-case", c));
    } else if (!is_printable(c)) {
        fail("names hold no such byte");
    } else {
        ++next_;
        return c;
    }
    return std::nullopt;
}

bool Rewriter::quantifier() {
    const char c = peek();
    if (c == '*' || c == '+' || c == '?') {
        ++next_;
        out_ += c;
    } else if (c == '{') {
        if (!counts()) return false;
    } else {
        return true;
    }
    const char after = peek();
    const bool doubled = after == '*' || after == '+' || after == '?' || after == '{';
    return !doubled || fail("a repetition of a repetition; lazy and possessive ones mean nothing here");
}

bool Rewriter::counts() {
    ++next_;
    const auto low = count();
    if (!low) return false;
    std::string text = fmt::format("{{{}", *low);
    std::optional<unsigned> high = low;
    if (take(',')) {
        text += ',';
        if (peek() != '}') {
            high = count();
            if (!high) return false;
            text += fmt::format("{}", *high);
        }
    }
    if (*high < *low || *high == 0) return fail("a repetition whose most is zero or less than its least");
    if (!take('}')) return fail("a repetition that is not closed");
    out_ += text + "}";
    return true;
}

std::optional<unsigned> Rewriter::count() {
    if (!is_digit(peek())) fail("a repetition needs a number");
    unsigned value = 0;
    while (is_digit(peek()) && value <= kRepeatLimit) value = value * 10 + static_cast<unsigned>(regex_[next_++] - '0');
    if (value > kRepeatLimit) fail(fmt::format("a repetition of more than {}", kRepeatLimit));
    return error_.empty() ? std::optional(value) : std::nullopt;
}

}  // namespace

tl::expected<std::string, std::string> rewrite_name_regex(std::string_view regex) { return Rewriter(regex).run(); }

std::string escape_for_engine(std::string_view literal) {
    std::string out;
    for (char c : literal) emit_literal(out, c);
    return out;
}

}  // namespace sluis
