// The frames that an Initial packet may hold (RFC 9000, sections 12.4 and 19).
#pragma once

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

struct QuicCryptoFrame {
    std::uint64_t offset = 0;  ///< in the Initial CRYPTO stream
    Bytes data;
};

/// Walks an Initial's payload and yields its CRYPTO frames; PADDING, PING, ACK (also with ECN) and CONNECTION_CLOSE
/// (0x1c) are skipped correctly. Bounded: ACK ranges are limited by the payload.
class QuicFrameReader {
public:
    explicit QuicFrameReader(Bytes frames) noexcept : rest_(frames) {}
    /// The next CRYPTO frame. Fails with `incomplete` at the regular end, `quic_frame` for a frame type that no Initial
    /// may hold or one that is malformed.
    Result<QuicCryptoFrame> next() noexcept;
    /// Whether a CONNECTION_CLOSE was passed on the way.
    bool closes() const noexcept { return closes_; }

private:
    Bytes rest_;
    bool closes_ = false;
};

}  // namespace sluis
