#include "dataplane/port/kernel_interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluis {
namespace {

/// Asks the kernel about one interface.
class InterfaceQuery {
public:
    explicit InterfaceQuery(const std::string& name) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        name.copy(request_.ifr_name, sizeof request_.ifr_name - 1);
    }
    ~InterfaceQuery() { ::close(socket_); }
    InterfaceQuery(const InterfaceQuery&) = delete;
    InterfaceQuery& operator=(const InterfaceQuery&) = delete;

    bool ask(unsigned long what) { return ::ioctl(socket_, what, &request_) == 0; }
    const ifreq& answer() const { return request_; }

    /// Sets or clears one of the interface's flags.
    bool set_flag(short flag, bool on) {
        if (!ask(SIOCGIFFLAGS)) return false;
        const int flags = on ? request_.ifr_flags | flag : request_.ifr_flags & ~flag;
        request_.ifr_flags = static_cast<short>(flags);
        return ask(SIOCSIFFLAGS);
    }

    /// Reads one feature and switches its `bits` off. True when one was on.
    bool switch_off(std::uint32_t get, std::uint32_t set, std::uint32_t bits) {
        ethtool_value value{get, 0};
        request_.ifr_data = reinterpret_cast<char*>(&value);
        if (!ask(SIOCETHTOOL) || (value.data & bits) == 0) return false;
        value.cmd = set;
        value.data &= ~bits;
        return ask(SIOCETHTOOL);
    }

private:
    int socket_;
    ifreq request_{};
};

std::string mac_text(const sockaddr& address) {
    std::string text;
    for (int i = 0; i < 6; ++i) {
        char octet[4];
        std::snprintf(octet, sizeof octet, "%s%02x", i == 0 ? "" : ":", static_cast<unsigned char>(address.sa_data[i]));
        text += octet;
    }
    return text;
}

}  // namespace

tl::expected<KernelInterface, std::string> find_interface(const std::string& name, bool may_be_down) {
    KernelInterface found{name, 0, 0, ""};
    InterfaceQuery query(name);
    if (name.empty() || name.size() >= IFNAMSIZ || !query.ask(SIOCGIFINDEX))
        return tl::unexpected("there is no network interface \"" + name + "\"; see ip link");
    found.index = query.answer().ifr_ifindex;
    if (!query.ask(SIOCGIFHWADDR) || query.answer().ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return tl::unexpected("interface " + name + " is not Ethernet; name one that is");
    found.mac = mac_text(query.answer().ifr_hwaddr);
    if (!query.ask(SIOCGIFFLAGS) || ((query.answer().ifr_flags & IFF_UP) == 0 && !may_be_down))
        return tl::unexpected("interface " + name + " is down; run: ip link set dev " + name + " up");
    if (!query.ask(SIOCGIFMTU)) return tl::unexpected("interface " + name + " has no MTU: " + std::strerror(errno));
    found.mtu = static_cast<std::uint32_t>(query.answer().ifr_mtu);
    return found;
}

std::string bridge_of(const std::string& name) {
    const std::filesystem::path port = "/sys/class/net/" + name;
    std::error_code none;
    if (name.empty() || !std::filesystem::exists(port / "brport", none)) return {};
    return std::filesystem::read_symlink(port / "master", none).filename().string();
}

LinkState link_state(int index) {
    char name[IF_NAMESIZE];
    if (::if_indextoname(static_cast<unsigned>(index), name) == nullptr)
        return errno == ENXIO ? LinkState::gone : LinkState::unknown;
    InterfaceQuery query(name);
    if (!query.ask(SIOCGIFFLAGS)) return errno == ENODEV ? LinkState::gone : LinkState::unknown;
    return (query.answer().ifr_flags & IFF_RUNNING) != 0 ? LinkState::up : LinkState::down;
}

bool set_interface_up(int index, bool up) {
    char name[IF_NAMESIZE];
    if (::if_indextoname(static_cast<unsigned>(index), name) == nullptr) return false;
    return InterfaceQuery(name).set_flag(IFF_UP, up);
}

bool stop_joining_segments(const std::string& name) {
    InterfaceQuery query(name);
    const bool gro = query.switch_off(ETHTOOL_GGRO, ETHTOOL_SGRO, ~std::uint32_t{0});
    const bool lro = query.switch_off(ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_LRO);
    return gro || lro;
}

}  // namespace sluis
