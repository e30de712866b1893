// Any bytes as an envelope, and as what stands in one after its signatures: the first byte chooses. Whatever is read is
// within its limits, written back as it was, and refused with a code of the list and one line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "control/bundle/blob.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/freshness.h"
#include "control/bundle/key_set.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/quic_hello.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/signing_key.h"
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

void read_as_note(std::string_view data) {
    const auto note = read_freshness_content(data);
    if (!note) return require_error(note.error());
    require(note->sequence >= 1 && note->sequence <= kSequenceLimit && note->issued < note->expires);
}

/// The datagrams of a hello: each behind its length in two bytes.
void read_as_quic_hello(std::string_view data) {
    wire::QuicHello hello;
    while (data.size() >= 2) {
        const std::size_t size = static_cast<unsigned char>(data[0]) << 8 | static_cast<unsigned char>(data[1]);
        data.remove_prefix(2);
        hello.add_datagrams(std::string(data.substr(0, size)));
        data.remove_prefix(std::min(size, data.size()));
    }
    const auto name = quic_server_name(hello);
    require(name ? name->size() <= 255 : !name.error().empty());
}

void read_as_signature(std::string_view data) {
    // Whatever is one is no longer than the largest, and not one with anything behind it.
    if (!is_signature_value(data)) return;
    require(data.size() >= 8 && data.size() <= 72 && !is_signature_value(std::string(data) + "x"));
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
    void (*const readers[])(std::string_view) = {read_as_envelope, read_as_bundle,     read_as_key_set,  read_as_state,
                                                 read_as_note,     read_as_quic_hello, read_as_signature};
    readers[data[0] % std::size(readers)](rest);
    return 0;
}
