// Texts without what tells about people: for a file that leaves the box.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

/// `text` with each IPv4, IPv6 and MAC address, and each e-mail address, replaced by what it was: "<ipv4>", "<ipv6>",
/// "<mac>", "<mail>". What only looks like one goes, too.
std::string without_addresses(std::string_view text);

/// A TOML text with every string replaced by "<text>" but those whose key is among what tells about nobody (modes,
/// dates, categories, levels), and without comments. Keys that are quoted are strings, too.
std::string without_strings(std::string_view toml);

/// A TOML text without the values of keys that are secret by their names, without comments, and without addresses.
std::string without_secrets(std::string_view toml);

}  // namespace sluis
