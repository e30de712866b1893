// The files that make a box this one: what it was enrolled with, what was changed since, and what it has counted.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "control/api/control_config.h"
#include "control/backup/tar_gzip.h"

namespace sluis {

/// Bytes of all files together, at the most.
inline constexpr std::size_t kBoxFilesLimit = std::size_t{96} << 20;

struct BoxFiles {
    std::vector<ArchiveFile> files;  ///< named as boards/common lays them out: etc-sluis/…, var-lib-sluis/…, machine-id
    std::vector<std::string> left_out;  ///< names of those with a private key, which were not asked for
    std::string board;                  ///< whose backup it is; empty: the configuration does not say
};

struct BoxPlaces {
    std::string configuration;  ///< the file; all of its folder belongs to the box
    std::string machine_id = "/etc/machine-id";
};

/// Reads them. What each start makes anew (compiled rules, downloads) is not among them, nor are links. The error is
/// one line.
tl::expected<BoxFiles, std::string> read_box_files(const BoxPlaces& places, const ControlConfig& config,
                                                   bool with_keys);

}  // namespace sluis
