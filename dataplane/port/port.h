// One port of a pair: a DPDK device, or a network interface of the kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/counters.h"
#include "dataplane/interface/device_name.h"

struct rte_mbuf;
struct rte_mempool;

namespace sluis {

inline constexpr std::uint32_t kEthernetHeader = 14;  ///< bytes; the FCS never counts
inline constexpr std::uint32_t kTag = 4;              ///< bytes of one VLAN tag
/// The longest frame, in bytes, with a payload of `mtu`: an Ethernet header and two tags.
constexpr std::uint32_t longest_frame(std::uint32_t mtu) noexcept { return mtu + kEthernetHeader + 2 * kTag; }

/// What a port is asked for.
struct PortRequest {
    std::uint32_t mtu = 0;  ///< bytes of payload
    std::uint16_t workers = 1;
    std::uint16_t queue_size = 0;  ///< descriptors
    bool promiscuous = true;
    bool let_up = false;  ///< a former process may have left it down
    rte_mempool* pool = nullptr;
};

/// What a port turned out to be.
struct PortInfo {
    std::string name;
    std::string driver;
    std::string mac;
    std::uint32_t mtu = 0;             ///< bytes of payload: the lesser of what was asked for and what the port can
    std::uint32_t longest = 0;         ///< bytes of a frame that the port can send, whatever its first EtherType
    std::uint32_t longest_tagged = 0;  ///< the same where that is a VLAN tag's (0x8100)
    std::uint16_t rx_queues = 1;       ///< as many as workers, or one, which worker 0 polls
    std::uint16_t tx_queues = 1;       ///< as many as workers, or one, which worker 0 fills
    bool spreads_flows = false;        ///< by symmetric receive-side scaling
};

enum class QueueDepth : std::uint8_t {
    unknown,  ///< the driver does not tell
    shallow,
    deep,  ///< at least half
};

class Port {
public:
    virtual ~Port() = default;
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    /// Starts receiving. Fails with one line for people.
    virtual tl::expected<void, std::string> start() = 0;
    /// Takes frames that came in; returns their number. An mbuf whose pkt_len is more than its data_len lost its end.
    virtual std::uint16_t receive(std::uint16_t queue, std::span<rte_mbuf*> room) noexcept = 0;
    /// Sends mbufs, from the first on; returns how many were taken.
    virtual std::uint16_t send(std::uint16_t queue, std::span<rte_mbuf*> mbufs) noexcept = 0;
    /// How many of the frames that a receive queue has room for wait in it. Costs one look at one descriptor.
    virtual QueueDepth depth(std::uint16_t) noexcept { return QueueDepth::unknown; }
    // These ask the driver or the kernel: for the main thread alone, not for the frame path.
    /// Frames that the device lost before they were received, since start: no descriptor or buffer was free.
    virtual std::uint64_t missed() = 0;
    virtual LinkState link() = 0;
    /// Takes the port's own link down, or up again: its neighbour sees it. False when that cannot be.
    virtual bool set_link(bool up) = 0;

    const PortInfo& info() const noexcept { return info_; }

protected:
    explicit Port(PortInfo info) : info_(std::move(info)) {}
    PortInfo info_;
};

/// Makes a port ready to start. The error is one line for people: which device, what is wrong, what to do.
tl::expected<std::unique_ptr<Port>, std::string> open_port(const DeviceName& device, const PortRequest& request);

}  // namespace sluis
