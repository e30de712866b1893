// The Huffman code of HPACK strings (RFC 7541, section 5.2 and appendix B).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// The most bytes that `encoded` bytes of Huffman code decode to: the shortest code has five bits.
constexpr std::size_t hpack_huffman_limit(std::size_t encoded) noexcept { return encoded * 8 / 5; }

/// Decodes `encoded` into `room`; returns how many bytes were written. Fails with `http_malformed` when the
/// end-of-string symbol stands in it, or when it ends in anything but less than eight one bits; `stream_limit` when
/// `room` is too small.
Result<std::size_t> decode_hpack_huffman(Bytes encoded, MutableBytes room) noexcept;

}  // namespace sluis
