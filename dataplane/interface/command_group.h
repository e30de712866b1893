// [runtime] command_group: who may command the dataplane and read its events, besides root and its own user.
#pragma once

#include <sys/types.h>

#include <string>

#include <tl/expected.hpp>

namespace sluis {

/// The group's number. The error is one line: there is no such group.
tl::expected<gid_t, std::string> find_command_group(const std::string& name);

}  // namespace sluis
