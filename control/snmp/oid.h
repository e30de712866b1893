// Object identifiers, and their text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluis {

/// Arcs; the vector's order is that of GETNEXT (RFC 3416 section 4.2.2).
using Oid = std::vector<std::uint32_t>;

/// Arcs of one object identifier (RFC 2578 section 3.5).
inline constexpr std::size_t kOidArcs = 128;

/// Reads ".1.3.6.1"; the first dot may be missing.
std::optional<Oid> parse_oid(std::string_view text);
std::string oid_text(const Oid& oid);

}  // namespace sluis
