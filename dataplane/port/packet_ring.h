// The ring of frame slots that a packet socket shares with the kernel (packet(7), TPACKET_V2).
#pragma once

#include <linux/if_packet.h>

#include <cstddef>
#include <cstdint>

namespace sluis {

/// How a ring is cut into slots.
struct RingShape {
    static constexpr std::uint32_t kBlock = 1 << 16;  ///< bytes

    std::uint32_t slot_size = 0;  ///< bytes
    std::uint32_t slots = 0;      ///< a multiple of slots_per_block()

    /// Slots for frames of at most `frame` bytes: as many as asked for, rounded up to whole blocks.
    static constexpr RingShape for_frames(std::uint32_t frame, std::uint32_t wanted) noexcept {
        constexpr std::uint32_t kAlignment = 64;  // a cache line; the kernel asks for 16
        RingShape shape;
        shape.slot_size = (kHeadRoom + frame + kAlignment - 1) / kAlignment * kAlignment;
        shape.slots = (wanted + shape.slots_per_block() - 1) / shape.slots_per_block() * shape.slots_per_block();
        return shape;
    }
    constexpr std::uint32_t slots_per_block() const noexcept { return kBlock / slot_size; }
    constexpr std::size_t bytes() const noexcept { return std::size_t{slots} / slots_per_block() * kBlock; }
    tpacket_req request() const noexcept { return {kBlock, slots / slots_per_block(), slot_size, slots}; }

private:
    /// What the kernel puts before a received frame: its header, the sender's address, and room to align the payload.
    static constexpr std::uint32_t kHeadRoom = TPACKET2_HDRLEN + 32;
};

/// One direction's slots, and the place of the next one.
class PacketRing {
public:
    PacketRing() = default;
    PacketRing(std::byte* memory, RingShape shape) noexcept : memory_(memory), shape_(shape) {}

    tpacket2_hdr& slot() const noexcept { return slot_at(next_); }
    /// The slot in the middle of those that come next.
    tpacket2_hdr& half_way() const noexcept { return slot_at((next_ + shape_.slots / 2) % shape_.slots); }
    void advance() noexcept { next_ = next_ + 1 == shape_.slots ? 0 : next_ + 1; }

    // The status word hands a slot over, so it is read before and written after all else.
    static std::uint32_t status(const tpacket2_hdr& slot) noexcept {
        return __atomic_load_n(&slot.tp_status, __ATOMIC_ACQUIRE);
    }
    static void give_back(tpacket2_hdr& slot, std::uint32_t status) noexcept {
        __atomic_store_n(&slot.tp_status, status, __ATOMIC_RELEASE);
    }

private:
    tpacket2_hdr& slot_at(std::uint32_t number) const noexcept {
        const std::uint32_t block = number / shape_.slots_per_block(), place = number % shape_.slots_per_block();
        std::byte* at = memory_ + std::size_t{block} * RingShape::kBlock + std::size_t{place} * shape_.slot_size;
        return *reinterpret_cast<tpacket2_hdr*>(at);
    }

    std::byte* memory_ = nullptr;
    RingShape shape_;
    std::uint32_t next_ = 0;
};

}  // namespace sluis
