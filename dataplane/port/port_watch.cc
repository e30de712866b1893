#include "dataplane/port/port_watch.h"

#include <chrono>
#include <cstddef>
#include <string>

#include "dataplane/port/log.h"

namespace sluis {

void PortWatch::look() {
    for (const Side side : {Side::inside, Side::outside}) {
        Port& port = pair_.port(side);
        PortCounters& counters = shared_.ports[static_cast<std::size_t>(side)];
        const std::uint64_t before = counters.missed_frames, now = port.missed();
        store_shared(counters.missed_frames, now);
        missed_frames_.fetch_add(now - before, std::memory_order_relaxed);
        note_link(port.info(), counters, port.link());
    }
    looked_ = true;
    if (follower_) follow();
}

void PortWatch::let_up() {
    const auto held = follower_ ? follower_->held() : std::nullopt;
    if (held) carry_out({*held, true});
}

void PortWatch::follow() {
    const auto order =
        follower_->look({shared_.ports[0].link, shared_.ports[1].link}, std::chrono::steady_clock::now());
    if (order) carry_out(*order);
}

/// A port that cannot be switched is not asked again.
void PortWatch::carry_out(const LinkFollower::Order& order) {
    Port& port = pair_.port(order.side);
    const bool done = port.set_link(order.up);
    store_shared(shared_.ports[static_cast<std::size_t>(order.side)].held_down, done && !order.up);
    log(done ? LogLevel::info : LogLevel::warn, {{"event", "link_follows"},
                                                 {"pair", pair_.name()},
                                                 {"name", port.info().name},
                                                 {"partner", pair_.port(opposite(order.side)).info().name},
                                                 {"to", order.up ? "up" : "down"},
                                                 {"done", done ? "yes" : "no"}});
    if (!done) follower_.reset();
}

void PortWatch::note_link(const PortInfo& port, PortCounters& counters, LinkState link) const {
    const LinkState before = counters.link;
    store_shared(counters.link, link);
    if (looked_ ? link == before : link == LinkState::up || link == LinkState::unknown) return;
    if (looked_) store_shared(counters.link_changes, counters.link_changes + 1);
    log(link == LinkState::up ? LogLevel::info : LogLevel::warn,
        {{"event", "link"},
         {"pair", pair_.name()},
         {"name", port.name},
         {"link", std::string(kLinkStateNames[static_cast<std::size_t>(link)])}});
}

}  // namespace sluis
