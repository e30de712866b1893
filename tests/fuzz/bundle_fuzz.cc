// Any bytes as an envelope, and as what stands in one after its signatures: the first byte chooses. Whatever is read is
// within its limits, written back as it was, and refused with a code of the list and one line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/bundle/blob.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/key_set.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/store_state.h"
#include "dataplane/packet/bytes.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void require_error(const BundleError& error) {
    require(error.code != BundleCode::ok && code_name(error.code) != "unknown");
    require(!error.message.empty() && error.message.find('\n') == error.message.npos);
}

void read_as_envelope(std::string_view data) {
    const auto envelope = read_envelope(as_bytes(data), kEnvelopeLimit);
    if (!envelope) return require_error(envelope.error());
    require(write_message(*envelope) == data);
    require(envelope->signatures_size() >= 1 &&
            static_cast<std::size_t>(envelope->signatures_size()) <= kSignatureLimit);
    // Nobody's signature is right: the key is one that no input can know.
    static const PrivateKey stranger = PrivateKey::generate().value();
    const PublicKey keys[] = {stranger.public_key()};
    const auto signers = check_signatures(*envelope, Purpose::rules, keys, 1);
    require(!signers);
    require_error(signers.error());
}

void read_as_bundle(std::string_view data) {
    const auto bundle = read_rule_bundle(data);
    if (!bundle) return require_error(bundle.error());
    require(write_message(*bundle) == data);
    require(bundle->boards_size() >= 1 && static_cast<std::size_t>(bundle->blobs_size()) <= kBlobLimit);
    if (const auto features = check_features(*bundle); !features) require_error(features.error());
    const auto files = unpack_blobs(bundle->blobs());
    if (!files) return require_error(files.error());
    std::uint64_t total = 0;
    for (const SourceFile& file : *files) {
        require(is_blob_name(file.name) && file.content.size() <= kBlobSizeLimit);
        total += file.content.size();
    }
    require(total <= kBlobTotalLimit && files->size() == static_cast<std::size_t>(bundle->blobs_size()));
}

void read_as_key_set(std::string_view data) {
    const auto set = read_key_set_content(data);
    if (!set) return require_error(set.error());
    require(set->root_threshold >= 1 && set->root_threshold <= set->root_keys.size());
    require(set->rule_threshold >= 1 && set->rule_threshold <= set->rule_keys.size());
    require(set->version >= 1 && set->version <= kKeySetVersionLimit);
}

void read_as_state(std::string_view data) {
    const auto state = read_store_state(data);
    if (!state) return require_error(state.error());
    require(write_store_state(*state) == data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    void (*const readers[])(std::string_view) = {read_as_envelope, read_as_bundle, read_as_key_set, read_as_state};
    readers[data[0] % 4](rest);
    return 0;
}
