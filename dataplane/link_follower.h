// When a port is taken down since its partner has lost its link, and when it comes up again: so that what is behind
// each port sees a path that ends as one that ends, and takes another.
#pragma once

#include <array>
#include <chrono>
#include <optional>

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"

namespace sluis {

/// Driven by what is seen of both ports, for the main thread. One port is held at the most, and as long as it is, only
/// the other one's link counts: that this one is down is our own doing.
class LinkFollower {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// A link has to be lost for so long, or back for so long, before its partner follows.
    static constexpr std::chrono::milliseconds kLost{1000}, kBack{3000};
    /// So long a port that was let up may take to find its link.
    static constexpr std::chrono::milliseconds kRise{10000};

    /// What is to be done with a port.
    struct Order {
        Side side;
        bool up;
        friend bool operator==(const Order&, const Order&) = default;
    };
    using Links = std::array<LinkState, 2>;  ///< by Side; an unknown one counts as up

    /// To be called about once a second. An order that is given is taken for carried out.
    std::optional<Order> look(const Links& links, Time now);
    /// The port that is down by an order.
    std::optional<Side> held() const noexcept { return held_; }

private:
    std::optional<Order> look_at_lost(Time now);
    std::optional<Order> look_at_held(Time now);

    std::array<bool, 2> up_{true, true};
    std::array<Time, 2> since_{};  ///< when `up_` became so
    std::optional<Side> held_;
    std::optional<Side> rising_;  ///< was let up
    Time rise_until_{};
    bool looked_ = false;
};

}  // namespace sluis
