#include "dataplane/port/port_watch.h"

#include <cstddef>
#include <string>

#include "dataplane/port/log.h"

namespace sluis {

void PortWatch::look() {
    for (const Side side : {Side::inside, Side::outside}) {
        Port& port = pair_.port(side);
        PortCounters& counters = shared_.ports[static_cast<std::size_t>(side)];
        counters.missed_frames = port.missed();
        note_link(port.info(), counters, port.link());
    }
    looked_ = true;
}

void PortWatch::note_link(const PortInfo& port, PortCounters& counters, LinkState link) const {
    const LinkState before = counters.link;
    counters.link = link;
    if (looked_ ? link == before : link == LinkState::up || link == LinkState::unknown) return;
    if (looked_) ++counters.link_changes;
    log(link == LinkState::up ? LogLevel::info : LogLevel::warn,
        {{"event", "link"},
         {"pair", pair_.name()},
         {"name", port.name},
         {"link", std::string(kLinkStateNames[static_cast<std::size_t>(link)])}});
}

}  // namespace sluis
