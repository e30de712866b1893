#include "dataplane/port/packet_socket_port.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dataplane/packet/byte_order.h"
#include "dataplane/port/kernel_interface.h"
#include "dataplane/port/log.h"
#include "dataplane/port/packet_ring.h"

namespace sluis {
namespace {

constexpr std::uint32_t kMacAddresses = 12;
// Each direction's ring, when `framecnt` does not say: some ten milliseconds of a gigabit's small frames.
constexpr std::uint32_t kRingSlots = 8192;
constexpr std::uint32_t kRingMemory = 64 << 20;  ///< bytes at the most

tl::unexpected<std::string> system_error(const std::string& what, const std::string& advice) {
    return tl::unexpected(what + ": " + std::strerror(errno) + "; " + advice);
}

class PacketSocketPort final : public Port {
public:
    PacketSocketPort(PortInfo info, const KernelInterface& interface, const PortRequest& request)
        : Port(std::move(info)), interface_(interface), pool_(request.pool), promiscuous_(request.promiscuous) {}
    ~PacketSocketPort() override;

    /// Opens the socket and its rings; nothing is received before `start`.
    tl::expected<void, std::string> open(const RingShape& shape, bool bypass_queueing);
    tl::expected<void, std::string> start() override;
    std::uint16_t receive(std::uint16_t queue, std::span<rte_mbuf*> room) noexcept override;
    std::uint16_t send(std::uint16_t queue, std::span<rte_mbuf*> mbufs) noexcept override;
    QueueDepth depth(std::uint16_t) noexcept override {
        const bool deep = (PacketRing::status(rx_.half_way()) & TP_STATUS_USER) != 0;
        return deep ? QueueDepth::deep : QueueDepth::shallow;
    }
    std::uint64_t missed() override;
    LinkState link() override { return link_state(interface_.index); }
    bool set_link(bool up) override { return set_interface_up(interface_.index, up); }

private:
    template <typename Value>
    bool set_option(int option, const Value& value) {
        return ::setsockopt(socket_, SOL_PACKET, option, &value, sizeof value) == 0;
    }
    void copy_in(const tpacket2_hdr& slot, std::uint32_t status, rte_mbuf& mbuf) const noexcept;
    void kick() noexcept;

    KernelInterface interface_;
    rte_mempool* pool_;
    bool promiscuous_;
    int socket_ = -1;
    void* memory_ = MAP_FAILED;
    std::size_t memory_size_ = 0;
    PacketRing rx_, tx_;
    std::uint64_t missed_ = 0;
    bool unsent_ = false;  ///< slots were handed to the kernel that it did not send yet
};

PacketSocketPort::~PacketSocketPort() {
    for (int i = 0; unsent_ && i < 1000; ++i) {
        ::usleep(1000);
        kick();
    }
    if (memory_ != MAP_FAILED) ::munmap(memory_, memory_size_);
    if (socket_ >= 0) ::close(socket_);
}

tl::expected<void, std::string> PacketSocketPort::open(const RingShape& shape, bool bypass_queueing) {
    socket_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // protocol 0: deaf until it is bound
    if (socket_ < 0)
        return system_error("cannot open a packet socket for " + interface_.name, "run as root, or with CAP_NET_RAW");
    // PACKET_LOSS: a frame that the kernel will not take must not block those behind it; none that is too long comes so
    // far.
    constexpr int kVersion = TPACKET_V2, kOn = 1;
    constexpr int kSendBuffer = 8 << 20;
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer);
    const bool ready = set_option(PACKET_VERSION, kVersion) && set_option(PACKET_IGNORE_OUTGOING, kOn) &&
                       set_option(PACKET_LOSS, kOn) && (!bypass_queueing || set_option(PACKET_QDISC_BYPASS, kOn)) &&
                       set_option(PACKET_RX_RING, shape.request()) && set_option(PACKET_TX_RING, shape.request());
    if (!ready) return system_error("cannot set up a packet socket for " + interface_.name, "try a smaller framecnt");
    memory_size_ = 2 * shape.bytes();
    memory_ = ::mmap(nullptr, memory_size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, socket_, 0);
    if (memory_ == MAP_FAILED)
        return system_error("cannot map the rings of " + interface_.name, "try a smaller framecnt");
    rx_ = PacketRing(static_cast<std::byte*>(memory_), shape);
    tx_ = PacketRing(static_cast<std::byte*>(memory_) + shape.bytes(), shape);
    return {};
}

tl::expected<void, std::string> PacketSocketPort::start() {
    if (promiscuous_) {
        packet_mreq membership{};  // ends with the socket, whatever becomes of this process
        membership.mr_ifindex = interface_.index;
        membership.mr_type = PACKET_MR_PROMISC;
        if (!set_option(PACKET_ADD_MEMBERSHIP, membership))
            return system_error("cannot make " + interface_.name + " promiscuous", "grant CAP_NET_RAW");
    }
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = interface_.index;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return system_error("cannot listen on " + interface_.name, "see that the interface is still there, and up");
    return {};
}

/// Copies a frame, and puts the outer tag back in its place that the kernel took off on the way in.
void PacketSocketPort::copy_in(const tpacket2_hdr& slot, std::uint32_t status, rte_mbuf& mbuf) const noexcept {
    const std::byte* from = reinterpret_cast<const std::byte*>(&slot) + slot.tp_mac;
    std::byte* to = rte_pktmbuf_mtod(&mbuf, std::byte*);
    const bool tagged = (status & TP_STATUS_VLAN_VALID) != 0 && slot.tp_snaplen >= kMacAddresses;
    const std::uint32_t added = tagged ? kTag : 0;
    const std::uint32_t room = static_cast<std::uint32_t>(rte_pktmbuf_tailroom(&mbuf)) - added;
    const std::uint32_t length = std::min<std::uint32_t>(slot.tp_snaplen, room);
    if (tagged) {
        std::memcpy(to, from, kMacAddresses);
        store_be<std::uint16_t>(to + kMacAddresses,
                                (status & TP_STATUS_VLAN_TPID_VALID) != 0 ? slot.tp_vlan_tpid : ETH_P_8021Q);
        store_be<std::uint16_t>(to + kMacAddresses + 2, slot.tp_vlan_tci);
        rte_memcpy(to + kMacAddresses + kTag, from + kMacAddresses, length - kMacAddresses);
    } else {
        rte_memcpy(to, from, length);
    }
    mbuf.data_len = static_cast<std::uint16_t>(length + added);
    mbuf.pkt_len = slot.tp_len + added;
    if ((status & TP_STATUS_CSUM_VALID) != 0) mbuf.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

std::uint16_t PacketSocketPort::receive(std::uint16_t, std::span<rte_mbuf*> room) noexcept {
    if (unsent_) kick();
    std::uint16_t count = 0;
    for (; count < room.size(); ++count) {
        tpacket2_hdr& slot = rx_.slot();
        const std::uint32_t status = PacketRing::status(slot);
        if ((status & TP_STATUS_USER) == 0) break;
        rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
        if (mbuf == nullptr) break;
        copy_in(slot, status, *mbuf);
        PacketRing::give_back(slot, TP_STATUS_KERNEL);
        rx_.advance();
        room[count] = mbuf;
    }
    return count;
}

std::uint16_t PacketSocketPort::send(std::uint16_t, std::span<rte_mbuf*> mbufs) noexcept {
    constexpr std::size_t kDataOffset = TPACKET_ALIGN(sizeof(tpacket2_hdr));
    std::uint16_t count = 0;
    for (; count < mbufs.size(); ++count) {
        tpacket2_hdr& slot = tx_.slot();
        if (PacketRing::status(slot) != TP_STATUS_AVAILABLE) break;
        rte_mbuf* mbuf = mbufs[count];
        rte_memcpy(reinterpret_cast<std::byte*>(&slot) + kDataOffset, rte_pktmbuf_mtod(mbuf, std::byte*),
                   mbuf->data_len);
        slot.tp_len = mbuf->data_len;
        slot.tp_snaplen = mbuf->data_len;
        PacketRing::give_back(slot, TP_STATUS_SEND_REQUEST);
        tx_.advance();
    }
    kick();
    rte_pktmbuf_free_bulk(mbufs.data(), count);
    return count;
}

/// Has the kernel send what is in the ring. What it has no room for stays there, for the next time.
void PacketSocketPort::kick() noexcept { unsent_ = ::sendto(socket_, nullptr, 0, MSG_DONTWAIT, nullptr, 0) < 0; }

std::uint64_t PacketSocketPort::missed() {
    tpacket_stats stats{};  // since it was asked last
    socklen_t size = sizeof stats;
    if (::getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) missed_ += stats.tp_drops;
    return missed_;
}

tl::expected<std::uint32_t, std::string> number(const DeviceName& device, std::string_view key,
                                                std::uint32_t otherwise) {
    const auto text = device.argument(key);
    if (!text) return otherwise;
    char* end = nullptr;
    const unsigned long value = std::strtoul(text->c_str(), &end, 10);
    if (text->empty() || *end != '\0' || value > (1u << 20))
        return tl::unexpected(device.text() + ": " + std::string(key) + " is no number; write one up to 1048576");
    return static_cast<std::uint32_t>(value);
}

}  // namespace

tl::expected<std::unique_ptr<Port>, std::string> open_packet_socket_port(const DeviceName& device,
                                                                         const PortRequest& request) {
    const auto queues = number(device, "qpairs", 1);
    if (!queues) return tl::unexpected(queues.error());
    if (*queues != 1)
        return tl::unexpected(device.text() +
                              ": qpairs must be 1, since the kernel spreads flows by ports and joins fragments;"
                              " several workers share the one queue");
    const auto interface = find_interface(device.argument("iface").value_or(""), request.let_up);
    if (!interface) return tl::unexpected(device.text() + ": " + interface.error());
    if (request.let_up) set_interface_up(interface->index, true);
    const std::uint32_t mtu = std::min(request.mtu, interface->mtu);
    const RingShape least = RingShape::for_frames(longest_frame(mtu), 1);
    const auto slots = number(device, "framecnt", std::min(kRingSlots, kRingMemory / least.slot_size));
    const auto bypass = number(device, "qdisc_bypass", 1);
    if (!slots || !bypass) return tl::unexpected(!slots ? slots.error() : bypass.error());

    PortInfo info;
    info.name = device.name;
    info.driver = "packet_socket";
    info.mac = interface->mac;
    info.mtu = mtu;
    // The kernel's rule for a packet socket: the MTU, and four bytes more if the frame says that it has an 802.1Q tag.
    info.longest = std::min(interface->mtu + kEthernetHeader, longest_frame(mtu));
    info.longest_tagged = std::min(interface->mtu + kEthernetHeader + kTag, longest_frame(mtu));
    auto port = std::make_unique<PacketSocketPort>(info, *interface, request);
    const RingShape shape = RingShape::for_frames(longest_frame(mtu), std::max<std::uint32_t>(*slots, 1));
    if (const auto opened = port->open(shape, *bypass != 0); !opened)
        return tl::unexpected(device.text() + ": " + opened.error());
    if (stop_joining_segments(interface->name))
        log(LogLevel::info,
            {{"event", "interface_changed"}, {"interface", interface->name}, {"gro", "off"}, {"lro", "off"}});
    return port;
}

}  // namespace sluis
