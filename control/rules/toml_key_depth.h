// How deep the keys of a TOML text go, before a parser that recurses is let at it.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluis {

/// Dots of one key: [a.b.c] has two. The rules' own keys have none.
inline constexpr std::size_t kKeyDotLimit = 16;

/// The line, from 1 on, of the first key with more than kKeyDotLimit dots outside quotes; 0 when there is none. With
/// the parser's own bound on values in values, that bounds how deep tables lie in tables, and thus its stack.
std::size_t find_deep_key(std::string_view text) noexcept;

}  // namespace sluis
