#include "dataplane/port/frame_pool.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include "dataplane/port/mbuf_frame.h"

namespace sluis {
namespace {

/// Buffers that each worker keeps at hand.
constexpr unsigned kPoolCache = 256;

/// In ordinary memory, DPDK gives each buffer pages of its own, so that a device finds it in one piece: of 4 KiB, two
/// fifths lie idle, and all buffers' headers fall into the same few sets of a processor's first cache. Without them the
/// buffers have no addresses for hardware (RTE_BAD_IOVA), which is not driven from ordinary memory: see
/// `check_devices`.
unsigned layout() noexcept {
    const bool shared_pages = rte_eal_has_hugepages() == 0 && rte_eal_iova_mode() == RTE_IOVA_VA;
    return shared_pages ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
}

std::uint16_t data_size(std::uint32_t room) noexcept { return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + room); }

}  // namespace

std::uint64_t frame_buffer_size(std::uint32_t room) noexcept {
    return sizeof(rte_mbuf) + kFramePrivateSize + data_size(room);
}

FramePool make_frame_pool(const std::string& name, std::uint32_t count, std::uint32_t room) {
    FramePool pool(rte_mempool_create_empty(name.c_str(), count, static_cast<unsigned>(frame_buffer_size(room)),
                                            kPoolCache, sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, layout()));
    if (!pool) return {};
    const int chosen = rte_mempool_set_ops_byname(pool.get(), rte_mbuf_best_mempool_ops(), nullptr);
    rte_pktmbuf_pool_private sizes{};
    sizes.mbuf_data_room_size = data_size(room);
    sizes.mbuf_priv_size = kFramePrivateSize;
    rte_pktmbuf_pool_init(pool.get(), &sizes);
    const int made = chosen == 0 ? rte_mempool_populate_default(pool.get()) : chosen;
    if (made < 0) {
        rte_errno = -made;
        return {};
    }
    rte_mempool_obj_iter(pool.get(), rte_pktmbuf_init, nullptr);
    return pool;
}

}  // namespace sluis
