// Names that every network needs, whatever it filters: what no rule that is on by default may match.
#pragma once

#include <span>
#include <string_view>

namespace sluis {

/// Normalised names: of sites and services, of infrastructure, of content networks' zones, and of registries' public
/// suffixes, below which each name has an owner of its own. A rule that matches one of them, or any name right below
/// it, matches too much; one for a single customer's name in a zone, such as customer.akamaized.net, does not.
std::span<const std::string_view> needed_names() noexcept;

}  // namespace sluis
