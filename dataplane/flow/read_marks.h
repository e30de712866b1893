// What frames a stream whose content is not needed: remembered when the bytes themselves are not.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/tcp_segment.h"

namespace sluis {

/// The frame headers and chunk sizes that one direction's reader has read, until their receiver acknowledges them. What
/// lies between them (DATA, chunks) says nothing to us, whatever it is, so that bytes may be let go of before they are
/// acknowledged, and a retransmission still cannot frame the stream in another way. Sequence numbers are the sender's;
/// marks come in their order.
class ReadMarks {
public:
    /// Frames of 16 KiB: 2 MiB in flight.
    static constexpr std::uint32_t kCount = 128;
    static constexpr std::uint32_t kLength = 11;

    /// Forgets all, and lets nothing before `until` be let go of.
    void reset(std::uint32_t from, std::uint32_t until) noexcept {
        count_ = 0;
        kept_from_ = from;
        kept_until_ = until;
    }

    /// The bytes at `seq` frame what follows. What cannot be remembered must be kept, as of `keep`.
    void mark(std::uint32_t seq, Bytes bytes) noexcept {
        const auto length = static_cast<std::uint32_t>(bytes.size());
        if (length > kLength || count_ == kCount) return keep(seq, length);
        Mark& mark = marks_[(first_ + count_++) % kCount];
        mark.seq = seq;
        mark.length = static_cast<std::uint8_t>(length);
        std::memcpy(mark.bytes.data(), bytes.data(), length);
    }

    /// The bytes from `seq` on must stay until they are acknowledged.
    void keep(std::uint32_t seq, std::uint32_t length) noexcept {
        if (kept_from_ == kept_until_) kept_from_ = seq;
        kept_until_ = seq + length;
    }

    /// The receiver has all before `acked`.
    void acknowledge(std::uint32_t acked) noexcept {
        while (count_ != 0 && !seq_after(marks_[first_].seq + marks_[first_].length, acked)) {
            first_ = (first_ + 1) % kCount;
            --count_;
        }
        if (seq_after(acked, kept_from_)) kept_from_ = seq_before(acked, kept_until_) ? acked : kept_until_;
    }

    /// How many of the bytes from `seq` on may be let go of, at most `count`.
    std::uint32_t free(std::uint32_t seq, std::uint32_t count) const noexcept {
        if (kept_from_ == kept_until_) return count;
        return seq_before(seq, kept_from_) ? std::min(count, kept_from_ - seq) : 0;
    }

    /// Whether a segment has other bytes than those remembered, at or behind `edge`.
    bool contradicts(std::uint32_t seq, Bytes payload, std::uint32_t edge) const noexcept {
        for (std::uint32_t i = 0; i < count_; ++i)
            if (contradicts(marks_[(first_ + i) % kCount], seq, payload, edge)) return true;
        return false;
    }

private:
    struct Mark {
        std::uint32_t seq;
        std::uint8_t length;
        std::array<std::byte, kLength> bytes;
    };

    static bool contradicts(const Mark& mark, std::uint32_t seq, Bytes payload, std::uint32_t edge) noexcept {
        for (std::uint32_t i = 0; i < mark.length; ++i) {
            const std::uint32_t at = mark.seq + i - seq;
            if (seq_before(mark.seq + i, edge) || at >= payload.size()) continue;
            if (payload[at] != mark.bytes[i]) return true;
        }
        return false;
    }

    std::array<Mark, kCount> marks_;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t kept_from_ = 0;
    std::uint32_t kept_until_ = 0;
};

}  // namespace sluis
