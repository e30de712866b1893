// The regular expressions that a rule may hold, and their rewriting for a scan over many names at once.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// The longest regular expression of a rule, bytes.
inline constexpr std::size_t kRegexLimit = 2000;
/// The largest count in a quantifier.
inline constexpr unsigned kRepeatLimit = 255;

/// Rewrites a rule's regular expression over a normalised name into one over a NameBatch's text, in which no element
/// can match the newline between two names. What may be written:
///
///   ^ at the start     the name's start; without it, the expression starts at any label
///   $ at the end       the name's end; every expression has it
///   a 7 - _            themselves, as all that has no meaning below; names are lower-case, so capitals are refused
///   \. \- \\ …         a punctuation character itself
///   .                  any byte, dots too
///   \d \w              [0-9], [a-z0-9_]
///   [a-z0-9-] [^.]     one byte of, or not of, a set; ranges, escapes and \d, \w inside
///   (a|b) (?:a|b)      alternatives; nothing is captured
///   ? * + {2} {2,} {2,5}   repetition
///
/// All else is refused, with the reason and the column.
tl::expected<std::string, std::string> rewrite_name_regex(std::string_view regex);

/// A literal name as an expression in the same syntax as the rewritten ones: every byte that means something is
/// escaped.
std::string escape_for_engine(std::string_view literal);

}  // namespace sluis
