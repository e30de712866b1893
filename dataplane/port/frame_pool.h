// The buffers that the frames of an inline set lie in.
#pragma once

#include <rte_mempool.h>

#include <cstdint>
#include <memory>
#include <string>

namespace sluis {

struct FramePoolDeleter {
    void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};
using FramePool = std::unique_ptr<rte_mempool, FramePoolDeleter>;

/// Bytes of one buffer with `room` bytes for data, headers included.
std::uint64_t frame_buffer_size(std::uint32_t room) noexcept;

/// `count` mbufs of one segment, each with a Frame and with `room` bytes behind its headroom. Empty, with `rte_errno`
/// set, when there is not enough memory.
FramePool make_frame_pool(const std::string& name, std::uint32_t count, std::uint32_t room);

}  // namespace sluis
