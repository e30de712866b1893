#include "dataplane/port/ethdev_port.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "dataplane/packet/flow_owner.h"
#include "dataplane/port/device_presence.h"

namespace sluis {
namespace {

constexpr std::uint64_t kRxChecksums =
    RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM;
/// Addresses only: fragments and everything else of a flow must come out alike.
constexpr std::uint64_t kAddressHash = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |
                                       RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER |
                                       RTE_ETH_RSS_IPV6_EX;
constexpr std::size_t kMaxRssKey = 64;

std::string reason(int error) { return std::strerror(error < 0 ? -error : error); }

class EthdevPort final : public Port {
public:
    EthdevPort(std::uint16_t id, PortInfo info, bool promiscuous)
        : Port(std::move(info)), id_(id), promiscuous_(promiscuous) {}
    ~EthdevPort() override {
        rte_eth_dev_stop(id_);
        rte_eth_dev_close(id_);
    }

    tl::expected<void, std::string> start() override;
    std::uint16_t receive(std::uint16_t queue, std::span<rte_mbuf*> room) noexcept override {
        return rte_eth_rx_burst(id_, queue, room.data(), static_cast<std::uint16_t>(room.size()));
    }
    std::uint16_t send(std::uint16_t queue, std::span<rte_mbuf*> mbufs) noexcept override {
        return rte_eth_tx_burst(id_, queue, mbufs.data(), static_cast<std::uint16_t>(mbufs.size()));
    }
    QueueDepth depth(std::uint16_t queue) noexcept override {
        const int status = rte_eth_rx_descriptor_status(id_, queue, half_queue_);
        if (status < 0) return QueueDepth::unknown;
        return status == RTE_ETH_RX_DESC_DONE ? QueueDepth::deep : QueueDepth::shallow;
    }
    std::uint64_t missed() override {
        rte_eth_stats stats{};
        return rte_eth_stats_get(id_, &stats) == 0 ? stats.imissed + stats.rx_nombuf : 0;
    }
    LinkState link() override;
    bool set_link(bool up) override {
        return (up ? rte_eth_dev_set_link_up(id_) : rte_eth_dev_set_link_down(id_)) == 0;
    }
    /// Descriptors of each receive queue.
    void set_queue_size(std::uint16_t size) noexcept { half_queue_ = size / 2; }

private:
    std::uint16_t id_;
    std::uint16_t half_queue_ = 0;
    bool promiscuous_;
};

tl::expected<void, std::string> EthdevPort::start() {
    if (const int error = rte_eth_dev_start(id_); error != 0)
        return tl::unexpected(info_.name + " does not start: " + reason(error));
    if (!promiscuous_) return {};
    // Virtual devices have no filter to switch off.
    if (const int error = rte_eth_promiscuous_enable(id_); error != 0 && error != -ENOTSUP)
        return tl::unexpected(info_.name + " cannot be promiscuous: " + reason(error) +
                              "; set promiscuous = false if no frame for others is to cross");
    rte_eth_allmulticast_enable(id_);
    return {};
}

LinkState EthdevPort::link() {
    if (rte_eth_dev_is_removed(id_) == 1) return LinkState::gone;
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(id_, &link) != 0) return LinkState::unknown;
    return link.link_status == RTE_ETH_LINK_UP ? LinkState::up : LinkState::down;
}

/// Makes a virtual device, or finds the one that the EAL's bus scan has made.
tl::expected<std::uint16_t, std::string> find_device(const DeviceName& device) {
    if (device.kind == DeviceKind::vdev) {
        const int error = rte_eal_hotplug_add("vdev", device.name.c_str(), device.arguments.c_str());
        if (error != 0)
            return tl::unexpected(device.text() + " cannot be made (" + reason(error) +
                                  "); check its driver's name and arguments, the files or interfaces that they name, "
                                  "and this user's permissions");
    }
    std::uint16_t id = 0;
    if (rte_eth_dev_get_port_by_name(device.name.c_str(), &id) == 0) return id;
    if (device.kind == DeviceKind::pci) return tl::unexpected(absent_pci(device.name));
    return tl::unexpected("there is no device " + device.name);
}

/// The payload that a frame of the device's greatest length has room for.
std::uint32_t device_mtu(const rte_eth_dev_info& info) {
    const bool tells = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
    const std::uint32_t overhead = tells ? info.max_rx_pktlen - info.max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
    return std::min<std::uint32_t>(info.max_mtu, info.max_rx_pktlen - overhead);
}

std::string mac_text(std::uint16_t id) {
    rte_ether_addr address{};
    rte_eth_macaddr_get(id, &address);
    std::array<char, RTE_ETHER_ADDR_FMT_SIZE> text{};
    rte_ether_format_addr(text.data(), text.size(), &address);
    return text.data();
}

PortInfo describe(std::uint16_t id, const DeviceName& device, const PortRequest& request,
                  const rte_eth_dev_info& info) {
    const auto queues = [&](std::uint16_t most) {
        return most >= request.workers ? request.workers : std::uint16_t{1};
    };
    PortInfo port;
    port.name = device.name;
    port.driver = info.driver_name;
    port.mac = mac_text(id);
    port.mtu = std::min(request.mtu, device_mtu(info));
    port.longest = port.longest_tagged = longest_frame(port.mtu);
    port.rx_queues = queues(info.max_rx_queues);
    port.tx_queues = queues(info.max_tx_queues);
    port.spreads_flows =
        port.rx_queues > 1 && info.reta_size >= kRssSlots && (info.flow_type_rss_offloads & kAddressHash);
    return port;
}

/// Gives the table from hash to queue the owners that the software's hash has too.
int set_owners(std::uint16_t id, std::uint16_t slots, std::uint32_t workers) {
    std::vector<rte_eth_rss_reta_entry64> table((slots + RTE_ETH_RETA_GROUP_SIZE - 1) / RTE_ETH_RETA_GROUP_SIZE);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        rte_eth_rss_reta_entry64& group = table[slot / RTE_ETH_RETA_GROUP_SIZE];
        group.mask |= std::uint64_t{1} << slot % RTE_ETH_RETA_GROUP_SIZE;
        group.reta[slot % RTE_ETH_RETA_GROUP_SIZE] = static_cast<std::uint16_t>(owner_of_hash(slot, workers));
    }
    return rte_eth_dev_rss_reta_update(id, table.data(), slots);
}

int configure(std::uint16_t id, const PortInfo& port, const rte_eth_dev_info& info) {
    std::array<std::uint8_t, kMaxRssKey> key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = kSymmetricRssKey[i % kSymmetricRssKey.size()];
    rte_eth_conf conf{};
    conf.rxmode.mtu = std::max<std::uint32_t>(port.mtu, info.min_mtu);
    conf.rxmode.offloads = info.rx_offload_capa & kRxChecksums;
    if (port.spreads_flows) {
        constexpr std::uint8_t kUsualKey = 40;
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_key = key.data();
        conf.rx_adv_conf.rss_conf.rss_key_len =
            info.hash_key_size == 0 ? kUsualKey : std::min<std::uint8_t>(info.hash_key_size, kMaxRssKey);
        conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kAddressHash;
    }
    return rte_eth_dev_configure(id, port.rx_queues, port.tx_queues, &conf);
}

/// `rx_size`: the descriptors that a receive queue has got.
int set_up_queues(std::uint16_t id, const PortInfo& port, const PortRequest& request, std::uint16_t& rx_size) {
    std::uint16_t tx_size = request.queue_size;
    rx_size = request.queue_size;
    if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_size, &tx_size); error != 0) return error;
    const int socket = rte_eth_dev_socket_id(id);
    const auto node = static_cast<unsigned>(socket < 0 ? SOCKET_ID_ANY : socket);
    for (std::uint16_t queue = 0; queue < port.rx_queues; ++queue)
        if (const int error = rte_eth_rx_queue_setup(id, queue, rx_size, node, nullptr, request.pool); error != 0)
            return error;
    for (std::uint16_t queue = 0; queue < port.tx_queues; ++queue)
        if (const int error = rte_eth_tx_queue_setup(id, queue, tx_size, node, nullptr); error != 0) return error;
    return 0;
}

}  // namespace

tl::expected<std::unique_ptr<Port>, std::string> open_ethdev_port(const DeviceName& device,
                                                                  const PortRequest& request) {
    const auto id = find_device(device);
    if (!id) return tl::unexpected(id.error());
    rte_eth_dev_info info{};
    if (const int error = rte_eth_dev_info_get(*id, &info); error != 0)
        return tl::unexpected(device.name + " tells nothing about itself: " + reason(error));
    const PortInfo description = describe(*id, device, request, info);
    auto port = std::make_unique<EthdevPort>(*id, description, request.promiscuous);
    if (const int error = configure(*id, description, info); error != 0)
        return tl::unexpected(device.name + " cannot be set up for " + std::to_string(description.rx_queues) +
                              " queue(s) and an MTU of " + std::to_string(description.mtu) + ": " + reason(error));
    std::uint16_t rx_size = 0;
    if (const int error = set_up_queues(*id, description, request, rx_size); error != 0)
        return tl::unexpected(device.name + " cannot set up its queues: " + reason(error) +
                              "; try a smaller [frames] queue_size or mtu");
    port->set_queue_size(rx_size);
    // Only speed depends on the table: the owner is worked out in software, and frames that came to another go to it.
    if (description.spreads_flows) set_owners(*id, info.reta_size, request.workers);
    return port;
}

}  // namespace sluis
