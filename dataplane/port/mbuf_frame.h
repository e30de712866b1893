// A Frame and the mbuf that it lives in: the Frame is the mbuf's private area, so that either leads to the other.
#pragma once

#include <rte_mbuf.h>

#include <new>

#include "dataplane/packet/frame.h"

namespace sluis {

/// Bytes of private area that a pool of such mbufs needs.
inline constexpr std::uint16_t kFramePrivateSize = RTE_ALIGN_CEIL(sizeof(Frame), RTE_MBUF_PRIV_ALIGN);
static_assert(alignof(Frame) <= RTE_MBUF_PRIV_ALIGN);

inline rte_mbuf* mbuf_of(Frame* frame) noexcept {
    return reinterpret_cast<rte_mbuf*>(reinterpret_cast<std::byte*>(frame) - sizeof(rte_mbuf));
}

/// The Frame of an mbuf with no bytes yet. REQUIRES: one segment, from a pool with `kFramePrivateSize`.
inline Frame* empty_frame(rte_mbuf* mbuf) noexcept {
    auto* frame = new (rte_mbuf_to_priv(mbuf)) Frame{};
    frame->data = rte_pktmbuf_mtod(mbuf, std::byte*);
    return frame;
}

/// A driver that did not look (UNKNOWN), or that says only that the packet was not damaged (NONE), tells nothing.
inline ChecksumState checksum_state(std::uint64_t flags, std::uint64_t good, std::uint64_t bad) noexcept {
    const std::uint64_t state = flags & (good | bad);
    if (state == good) return ChecksumState::good;
    return state == bad ? ChecksumState::bad : ChecksumState::unknown;
}

/// The Frame of a received mbuf.
inline Frame* received_frame(rte_mbuf* mbuf, Side ingress, std::uint8_t link) noexcept {
    Frame* frame = empty_frame(mbuf);
    frame->length = mbuf->data_len;
    frame->ingress = ingress;
    frame->link = link;
    frame->ip_checksum = checksum_state(mbuf->ol_flags, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD);
    frame->l4_checksum = checksum_state(mbuf->ol_flags, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD);
    return frame;
}

/// The mbuf of a frame, with the frame's place and length and no wish for offloads, ready to be sent.
inline rte_mbuf* mbuf_to_send(Frame* frame) noexcept {
    rte_mbuf* mbuf = mbuf_of(frame);
    mbuf->data_off = static_cast<std::uint16_t>(frame->data - static_cast<std::byte*>(mbuf->buf_addr));
    mbuf->data_len = static_cast<std::uint16_t>(frame->length);
    mbuf->pkt_len = frame->length;
    mbuf->ol_flags = 0;
    return mbuf;
}

}  // namespace sluis
