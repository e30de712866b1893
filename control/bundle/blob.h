// Files within a bundle: compressed with zlib, and read back without trusting a single number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/bundle.pb.h"
#include "control/bundle/bundle_error.h"

namespace sluis {

/// A file of rule source.
struct SourceFile {
    std::string name;  ///< of the file, without a folder
    std::string content;
};

/// Whether a blob may have this name: letters, digits, dot, hyphen and underscore, 64 at the most, ".toml" at the end
/// and no dot at the start.
bool is_blob_name(std::string_view name);

/// Packs a file, compressed where that makes it smaller. The same content gives the same bytes.
wire::Blob pack_blob(const SourceFile& file);

/// Unpacks all of them, with bounds on each and on all. Fails with a code of the 600s.
Checked<std::vector<SourceFile>> unpack_blobs(const google::protobuf::RepeatedPtrField<wire::Blob>& blobs);

}  // namespace sluis
