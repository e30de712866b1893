#include "dataplane/interface/route_socket.h"

// Before the kernel's own, which leave out what it defines.
#include <sys/socket.h>

#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace sluis {
namespace {

/// Reserved addresses 01-80-C2-00-00-00 to -0F, a bit each, without PAUSE (-01).
constexpr std::uint16_t kAllButPause = 0xfffd;

constexpr std::size_t aligned(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

/// Calls `take(type, payload)` for each attribute.
template <typename Take>
void for_each_attribute(std::span<const std::byte> bytes, Take take) {
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.rta_len < sizeof header || header.rta_len > bytes.size()) return;
        take(header.rta_type & NLA_TYPE_MASK, bytes.subspan(sizeof header, header.rta_len - sizeof header));
        bytes = bytes.subspan(std::min<std::size_t>(aligned(header.rta_len), bytes.size()));
    }
}

KernelLink read_link(std::span<const std::byte> payload) {
    KernelLink link;
    ifinfomsg info{};
    if (payload.size() < sizeof info) return link;
    std::memcpy(&info, payload.data(), sizeof info);
    link.index = info.ifi_index;
    link.up = (info.ifi_flags & IFF_UP) != 0;
    for_each_attribute(payload.subspan(sizeof info), [&](int type, std::span<const std::byte> value) {
        if (type == IFLA_MASTER && value.size() == sizeof link.master)
            std::memcpy(&link.master, value.data(), sizeof link.master);
        if (type != IFLA_LINKINFO) return;
        for_each_attribute(value, [&](int kind, std::span<const std::byte> text) {
            const std::string_view words(reinterpret_cast<const char*>(text.data()), text.size());
            if (kind == IFLA_INFO_KIND) link.is_bridge = words.substr(0, words.find('\0')) == "bridge";
        });
    });
    return link;
}

RouteSocket::Status outcome(int problem, const std::string& what) {
    if (problem == 0) return {};
    return tl::unexpected(what + ": " + std::strerror(problem) +
                          (problem == EPERM ? "; run as root, or with CAP_NET_ADMIN" : ""));
}

}  // namespace

/// A request under construction.
class RouteSocket::Message {
public:
    Message(std::uint16_t type, std::uint16_t flags, unsigned char family = AF_UNSPEC, int index = 0) {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        ifinfomsg info{};
        info.ifi_family = family;
        info.ifi_index = index;
        put(&header, sizeof header);
        put(&info, sizeof info);
    }

    template <typename Value>
    void add(unsigned type, const Value& value) {
        add_bytes(type, &value, sizeof value);
    }
    void add(unsigned type, std::string_view text) {
        std::array<char, 64> zero_terminated{};
        const std::size_t size = text.copy(zero_terminated.data(), zero_terminated.size() - 1);
        add_bytes(type, zero_terminated.data(), size + 1);
    }
    /// Attributes within another one, which `fill` adds.
    template <typename Fill>
    void nest(unsigned type, Fill fill) {
        const std::size_t start = size_;
        rtattr header{0, static_cast<unsigned short>(type | NLA_F_NESTED)};
        put(&header, sizeof header);
        fill();
        header.rta_len = static_cast<unsigned short>(size_ - start);
        std::memcpy(bytes_.data() + start, &header, sizeof header);
    }
    void ask_for_flags(unsigned flags) {
        ask_for([&](ifinfomsg& info) { info.ifi_flags = info.ifi_change = flags; });
    }

    std::span<const std::byte> finish(std::uint32_t sequence) {
        nlmsghdr header{};
        std::memcpy(&header, bytes_.data(), sizeof header);
        header.nlmsg_len = static_cast<std::uint32_t>(size_);
        header.nlmsg_seq = sequence;
        std::memcpy(bytes_.data(), &header, sizeof header);
        return std::span(bytes_).first(size_);
    }

private:
    template <typename Change>
    void ask_for(Change change) {
        ifinfomsg info{};
        std::memcpy(&info, bytes_.data() + sizeof(nlmsghdr), sizeof info);
        change(info);
        std::memcpy(bytes_.data() + sizeof(nlmsghdr), &info, sizeof info);
    }
    void add_bytes(unsigned type, const void* value, std::size_t size) {
        const rtattr header{static_cast<unsigned short>(sizeof(rtattr) + size), static_cast<unsigned short>(type)};
        put(&header, sizeof header);
        put(value, size);
    }
    /// REQUIRES: room; each request below has a few attributes of known sizes.
    void put(const void* from, std::size_t size) {
        if (size_ + size > bytes_.size()) return;
        std::memcpy(bytes_.data() + size_, from, size);
        size_ = std::min(aligned(size_ + size), bytes_.size());
    }

    alignas(nlmsghdr) std::array<std::byte, 512> bytes_{};
    std::size_t size_ = 0;
};

tl::expected<RouteSocket, std::string> RouteSocket::open() {
    RouteSocket opened(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!opened.socket_.valid())
        return tl::unexpected(std::string("cannot ask the kernel about its interfaces: ") + std::strerror(errno));
    // The kernel answers within the call that sends; a bound all the same, since nobody may hang here.
    const timeval bound{1, 0};
    ::setsockopt(opened.socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    return opened;
}

int RouteSocket::ask(Message& message, KernelLink* found) {
    const auto request = message.finish(++sequence_);
    if (::send(socket_.get(), request.data(), request.size(), 0) < 0) return errno;
    alignas(nlmsghdr) std::array<std::byte, 16384> room;
    for (;;) {
        const ssize_t received = ::recv(socket_.get(), room.data(), room.size(), 0);
        if (received < 0 && errno == EINTR) continue;
        if (received < 0) return errno;
        std::span<const std::byte> rest = std::span(room).first(static_cast<std::size_t>(received));
        while (rest.size() >= sizeof(nlmsghdr)) {
            nlmsghdr header{};
            std::memcpy(&header, rest.data(), sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
            const auto payload = rest.subspan(sizeof header, header.nlmsg_len - sizeof header);
            rest = rest.subspan(std::min<std::size_t>(aligned(header.nlmsg_len), rest.size()));
            if (header.nlmsg_seq != sequence_) continue;  // of a request that was given up
            if (header.nlmsg_type == NLMSG_ERROR && payload.size() >= sizeof(int)) {
                int error = 0;
                std::memcpy(&error, payload.data(), sizeof error);
                return -error;
            }
            if (header.nlmsg_type == RTM_NEWLINK && found != nullptr) *found = read_link(payload);
        }
    }
}

std::optional<KernelLink> RouteSocket::look(Message& message) {
    KernelLink link;
    if (ask(message, &link) != 0 || link.index == 0) return std::nullopt;
    return link;
}

std::optional<KernelLink> RouteSocket::find(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ) return std::nullopt;
    Message message(RTM_GETLINK, NLM_F_ACK);
    message.add(IFLA_IFNAME, std::string_view(name));
    return look(message);
}

std::optional<KernelLink> RouteSocket::find(int index) {
    Message message(RTM_GETLINK, NLM_F_ACK, AF_UNSPEC, index);
    return look(message);
}

RouteSocket::Status RouteSocket::make_bridge(const std::string& name) {
    Message message(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    message.add(IFLA_IFNAME, std::string_view(name));
    message.nest(IFLA_LINKINFO, [&] {
        message.add(IFLA_INFO_KIND, std::string_view("bridge"));
        message.nest(IFLA_INFO_DATA, [&] {
            message.add(IFLA_BR_FORWARD_DELAY, std::uint32_t{0});
            message.add(IFLA_BR_STP_STATE, std::uint32_t{0});
            message.add(IFLA_BR_MCAST_SNOOPING, std::uint8_t{0});
            message.add(IFLA_BR_NF_CALL_IPTABLES, std::uint8_t{0});
            message.add(IFLA_BR_NF_CALL_IP6TABLES, std::uint8_t{0});
            message.add(IFLA_BR_NF_CALL_ARPTABLES, std::uint8_t{0});
        });
    });
    const int problem = ask(message);
    return outcome(problem == EEXIST ? 0 : problem, "cannot make the bridge " + name);
}

void RouteSocket::keep_silent(int index) {
    Message message(RTM_SETLINK, NLM_F_ACK, AF_UNSPEC, index);
    message.nest(IFLA_AF_SPEC, [&] {
        message.nest(AF_INET6, [&] { message.add(IFLA_INET6_ADDR_GEN_MODE, std::uint8_t{IN6_ADDR_GEN_MODE_NONE}); });
    });
    ask(message);
}

RouteSocket::Status RouteSocket::set_master(int index, int master) {
    Message message(RTM_SETLINK, NLM_F_ACK, AF_UNSPEC, index);
    message.add(IFLA_MASTER, static_cast<std::uint32_t>(master));
    return outcome(ask(message), (master == 0 ? "cannot part interface " : "cannot join interface ") +
                                     std::to_string(index) + (master == 0 ? " from its bridge" : " to a bridge"));
}

RouteSocket::Status RouteSocket::make_port_transparent(int index) {
    Message message(RTM_SETLINK, NLM_F_ACK, AF_BRIDGE, index);
    message.nest(IFLA_PROTINFO, [&] {
        message.add(IFLA_BRPORT_LEARNING, std::uint8_t{0});
        message.add(IFLA_BRPORT_UNICAST_FLOOD, std::uint8_t{1});
        message.add(IFLA_BRPORT_MCAST_FLOOD, std::uint8_t{1});
        message.add(IFLA_BRPORT_BCAST_FLOOD, std::uint8_t{1});
        message.add(IFLA_BRPORT_GROUP_FWD_MASK, kAllButPause);
    });
    return outcome(ask(message), "cannot make port " + std::to_string(index) + " of a bridge transparent");
}

RouteSocket::Status RouteSocket::set_up(int index) {
    Message message(RTM_SETLINK, NLM_F_ACK, AF_UNSPEC, index);
    message.ask_for_flags(IFF_UP);
    return outcome(ask(message), "cannot bring interface " + std::to_string(index) + " up");
}

RouteSocket::Status RouteSocket::remove(int index) {
    Message message(RTM_DELLINK, NLM_F_ACK, AF_UNSPEC, index);
    return outcome(ask(message), "cannot remove interface " + std::to_string(index));
}

}  // namespace sluis
