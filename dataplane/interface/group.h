// Groups of users that the configuration names.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

/// The group's number. The error is one line: there is no such group. `key`: where it is named, for the error, such as
/// "[runtime] command_group".
tl::expected<gid_t, std::string> find_group(std::string_view key, const std::string& name);

/// [runtime] command_group: who may command the dataplane and read its events, besides root and its own user.
inline constexpr std::string_view kCommandGroup = "[runtime] command_group";

}  // namespace sluis
