// What the kernel is asked about its network interfaces, and told to do with them: rtnetlink(7), as far as a bridge of
// two ports needs it. It speaks of the network namespace that it was opened in, which files of /sys may not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/file_descriptor.h"

namespace sluis {

struct KernelLink {
    int index = 0;
    int master = 0;  ///< index of the bridge, bond, … that it is a port of; 0: none
    bool up = false;
    bool is_bridge = false;
};

class RouteSocket {
public:
    using Status = tl::expected<void, std::string>;

    /// The error is one line.
    static tl::expected<RouteSocket, std::string> open();

    /// Nothing when there is none of that name, or the kernel does not say.
    std::optional<KernelLink> find(const std::string& name);
    std::optional<KernelLink> find(int index);

    /// A bridge that passes on whatever it gets at once: no spanning tree, no delay, no snooping, and, as any new one,
    /// no VLANs of its own. It is down, and has no ports.
    Status make_bridge(const std::string& name);
    /// It gives itself no IPv6 address, and so says nothing when it comes up. A kernel without IPv6 refuses that, and
    /// needs it not.
    void keep_silent(int index);
    /// `master` 0: takes it out of whatever it is a port of.
    Status set_master(int index, int master);
    /// A port of a bridge that learns nothing and passes on what bridges keep for themselves (IEEE 802.1Q, table 8-1:
    /// 01-80-C2-00-00-0X), but for PAUSE, which no device passes on.
    Status make_port_transparent(int index);
    Status set_up(int index);
    Status remove(int index);

private:
    explicit RouteSocket(int descriptor) : socket_(descriptor) {}
    class Message;
    /// Sends a request and waits for its acknowledgment; 0, or what the kernel had against it (errno).
    int ask(Message& message, KernelLink* found = nullptr);
    std::optional<KernelLink> look(Message& message);

    FileDescriptor socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace sluis
