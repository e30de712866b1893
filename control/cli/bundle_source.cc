#include "control/cli/bundle_source.h"

#include <fmt/format.h>

#include <cstdio>

#include "control/bundle/blob.h"
#include "control/bundle/bundle_files.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/rule_bundle.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

Checked<std::vector<SourceFile>> read_files(const std::string& path) {
    const auto envelope = load_envelope(path, kEnvelopeLimit);
    if (!envelope) return tl::unexpected(envelope.error());
    const auto content = read_rule_bundle(envelope->payload());
    if (!content) return tl::unexpected(content.error());
    if (const auto features = check_features(*content); !features) return tl::unexpected(features.error());
    return unpack_blobs(content->blobs());
}

}  // namespace

tl::expected<RuleSource, std::vector<std::string>> read_bundle_source(const std::string& path) {
    std::vector<std::string> errors;
    const auto files = read_files(path);
    if (!files) {
        errors.push_back(fmt::format("{}: refused: {}", path, describe(files.error())));
        return tl::unexpected(errors);
    }
    const std::string note =
        path + ": a bundle, of which the signatures are not verified; 'sluisctl bundle verify' does";
    fmt::print(stderr, "sluisctl: {}\n", one_line(note));
    RuleSource source;
    for (const SourceFile& file : *files) read_rule_text(file.content, path + "/" + file.name, source, errors);
    if (!errors.empty()) return tl::unexpected(errors);
    return source;
}

}  // namespace sluis
