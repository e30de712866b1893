// A backup: one file with all that is a box's own, signed with the key that the box shows at its API.
//
// It is a tar of three files, which any openssl and tar can open and check:
//   content.tar.gz    about.json, and what box_files.h names
//   certificate.pem   the box's certificate, and those between it and its root
//   signature         by its key, over SHA-256 of kBackupDomain, a zero byte, and content.tar.gz
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "control/api/control_config.h"
#include "control/backup/box_files.h"

namespace sluis {

inline constexpr std::string_view kBackupDomain = "sluis-backup-v1";
inline constexpr int kBackupFormat = 1;

/// `now`: seconds since 1970. The error is one line.
tl::expected<std::string, std::string> make_signed_backup(const BoxFiles& box, const ApiConfig& api, std::int64_t now);

}  // namespace sluis
