// GHASH, the authenticating half of AES-GCM (NIST SP 800-38D, section 6.4).
//
// It is ours since mbedTLS's GCM allocates for every key.
#pragma once

#include "dataplane/protocol/quic_crypto.h"

namespace sluis {

/// GHASH of the additional data, the ciphertext and the block of their lengths, under the hash key AES(key, 0).
/// Uses carry-less multiplication where the processor has it.
AesBlock ghash(const AesBlock& hash_key, Bytes additional, Bytes ciphertext) noexcept;

/// The same on any processor, by a table of 16 multiples.
AesBlock ghash_portable(const AesBlock& hash_key, Bytes additional, Bytes ciphertext) noexcept;

}  // namespace sluis
