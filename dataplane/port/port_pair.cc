#include "dataplane/port/port_pair.h"

#include <rte_errno.h>
#include <rte_mbuf.h>

#include <cstring>

#include "dataplane/port/log.h"
#include "dataplane/port/mbuf_frame.h"

namespace sluis {
namespace {

constexpr unsigned kPoolCache = 256;

std::string out_of_memory(const std::string& what) {
    return "no memory for " + what + " (" + std::strerror(rte_errno) +
           "); give more ([eal] memory_mib, or hugepages), or ask for less ([frames] buffers, mtu)";
}

/// Bytes of one buffer behind its headroom.
std::uint32_t data_room(const FrameConfig& frames) noexcept {
    // Drivers cut buffers in steps of a KiB: a frame must fit what is left of one, in one segment.
    constexpr std::uint32_t kStep = 1024;
    return (longest_frame(frames.mtu) + kTag + kStep - 1) / kStep * kStep;
}

void log_port(const PortPair& pair, const char* side, const PortInfo& port) {
    log(LogLevel::info, {{"event", "port"},
                         {"pair", pair.name()},
                         {"side", side},
                         {"name", port.name},
                         {"driver", port.driver},
                         {"mac", port.mac},
                         {"mtu", std::to_string(port.mtu)},
                         {"rx_queues", std::to_string(port.rx_queues)},
                         {"tx_queues", std::to_string(port.tx_queues)},
                         {"rss", port.spreads_flows ? "symmetric" : "software"}});
}

}  // namespace

std::uint64_t least_frame_memory(const PairConfig& pair, const FrameConfig& frames) noexcept {
    const std::uint64_t each = sizeof(rte_mbuf) + kFramePrivateSize + RTE_PKTMBUF_HEADROOM + data_room(frames);
    return each * frames.buffers * pair.workers;
}

tl::expected<std::unique_ptr<PortPair>, std::string> PortPair::open(const PairConfig& config,
                                                                    const FrameConfig& frames) {
    std::unique_ptr<PortPair> pair(new PortPair(config.name, config.workers));
    const auto status = pair->make_pool(frames).and_then([&] { return pair->make_rings(); }).and_then([&] {
        return pair->open_ports(config, frames);
    });
    if (!status) return tl::unexpected("pair " + config.name + ": " + status.error());
    return pair;
}

tl::expected<void, std::string> PortPair::make_pool(const FrameConfig& frames) {
    longest_ = longest_frame(frames.mtu);
    const std::uint32_t room = data_room(frames);
    pool_.reset(rte_pktmbuf_pool_create(("frames_" + name_).c_str(), frames.buffers * workers_, kPoolCache,
                                        kFramePrivateSize, static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + room),
                                        SOCKET_ID_ANY));
    if (pool_) return {};
    const std::uint64_t mebibytes = std::uint64_t{frames.buffers} * workers_ * (room + 512) >> 20;
    return tl::unexpected(out_of_memory(std::to_string(frames.buffers * workers_) + " frame buffers, about " +
                                        std::to_string(mebibytes) + " MiB"));
}

Ring PortPair::make_ring(const std::string& name) const {
    return Ring(rte_ring_create(name.c_str(), kHandoffFrames, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ));
}

tl::expected<void, std::string> PortPair::make_rings() {
    handoffs_.resize(std::size_t{workers_} * workers_);
    for (std::uint32_t giver = 0; giver < workers_; ++giver)
        for (std::uint32_t owner = 0; owner < workers_; ++owner) {
            if (giver == owner) continue;
            Ring& ring = handoffs_[giver * workers_ + owner];
            ring = make_ring("h_" + name_ + "_" + std::to_string(giver) + "_" + std::to_string(owner));
            if (!ring) return tl::unexpected(out_of_memory("the rings between workers"));
        }
    return {};
}

tl::expected<void, std::string> PortPair::open_ports(const PairConfig& config, const FrameConfig& frames) {
    const PortRequest request{frames.mtu,
                              static_cast<std::uint16_t>(workers_),
                              static_cast<std::uint16_t>(frames.queue_size),
                              config.promiscuous,
                              config.follow_link,
                              pool_.get()};
    for (const Side side : {Side::inside, Side::outside}) {
        const auto index = static_cast<std::size_t>(side);
        const bool inside = side == Side::inside;
        auto port = open_port(*parse_device_name(inside ? config.inside : config.outside), request);
        if (!port) return tl::unexpected(port.error());
        ports_[index] = std::move(*port);
        log_port(*this, inside ? "inside" : "outside", ports_[index]->info());
        for (std::uint32_t worker = 1; worker < workers_ && ports_[index]->info().tx_queues < workers_; ++worker) {
            Ring ring = make_ring("o_" + name_ + (inside ? "_i_" : "_o_") + std::to_string(worker));
            if (!ring) return tl::unexpected(out_of_memory("the rings between workers"));
            outboxes_[index].emplace_back(std::move(ring), side);
        }
    }
    return {};
}

tl::expected<void, std::string> PortPair::start() {
    const std::uint32_t inside = ports_[0]->info().mtu, outside = ports_[1]->info().mtu;
    if (inside != outside)
        log(LogLevel::warn, {{"event", "mtu_differs"},
                             {"pair", name_},
                             {"inside", std::to_string(inside)},
                             {"outside", std::to_string(outside)},
                             {"effect", "longer frames are dropped"}});
    for (const auto& port : ports_)
        if (const auto started = port->start(); !started)
            return tl::unexpected("pair " + name_ + ": " + started.error());
    return {};
}

}  // namespace sluis
