// The envelope: bytes, and the signatures over them. Nothing in it is looked into before enough of these are right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/bundle.pb.h"
#include "control/bundle/bundle_error.h"
#include "control/bundle/signing_key.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

/// What bytes are signed for. Each has its domain, so that no signature serves for anything else.
enum class Purpose : std::uint8_t { rules, key_set, freshness };

/// "sluis-rules-v1", and so on.
std::string_view purpose_domain(Purpose purpose);
/// Exactly what is signed: the domain, a zero byte, the payload.
std::string signed_bytes(Purpose purpose, std::string_view payload);

/// SHA-256 over the payload: what a bundle is called.
Sha256 payload_digest(const wire::Envelope& envelope);

/// Reads an envelope of at most `size_limit` bytes; `unsigned_too` also takes one without a signature. Fails with
/// `size`, `envelope_malformed`, `signature_count`, `signature_malformed` or `signature_repeated`.
Checked<wire::Envelope> read_envelope(Bytes file, std::size_t size_limit, bool unsigned_too = false);

/// The keys, `threshold` of `keys` at the least, whose signatures over the payload are right. Signatures by keys that
/// are not among `keys` count for nothing; one by a key of `keys` that is wrong spoils all. Fails with
/// `signature_wrong`, `signature_unknown_key` or `signature_threshold`.
/// REQUIRES: `keys` are distinct; the envelope is from read_envelope.
Checked<std::vector<KeyId>> check_signatures(const wire::Envelope& envelope, Purpose purpose,
                                             std::span<const PublicKey> keys, std::uint32_t threshold);

/// Adds a signature, in the place of one by the same key. Signatures are in the order of their key ids.
void add_signature(wire::Envelope& envelope, const KeyId& key, std::string_view signature);

}  // namespace sluis
