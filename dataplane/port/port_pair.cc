#include "dataplane/port/port_pair.h"

#include <utility>

#include "dataplane/port/log.h"

namespace sluis {
namespace {

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

tl::expected<std::unique_ptr<PortPair>, std::string> PortPair::open(const Setting& setting) {
    std::unique_ptr<PortPair> pair(new PortPair(setting.config.name));
    for (const Side side : {Side::inside, Side::outside}) {
        const auto status =
            pair->open_port_of(side, setting).and_then([&] { return pair->make_outboxes(side, setting); });
        if (!status) return tl::unexpected("pair " + setting.config.name + ": " + status.error());
    }
    return pair;
}

tl::expected<void, std::string> PortPair::open_port_of(Side side, const Setting& setting) {
    const PairConfig& config = setting.config;
    const PortRequest request{setting.frames.mtu,
                              static_cast<std::uint16_t>(config.workers),
                              static_cast<std::uint16_t>(setting.frames.queue_size),
                              config.promiscuous,
                              config.follow_link,
                              setting.pool};
    const bool inside = side == Side::inside;
    auto port = open_port(*parse_device_name(inside ? config.inside : config.outside), request);
    if (!port) return tl::unexpected(port.error());
    log_port(*this, inside ? "inside" : "outside", (*port)->info());
    ports_[static_cast<std::size_t>(side)] = std::move(*port);
    return {};
}

tl::expected<void, std::string> PortPair::make_outboxes(Side side, const Setting& setting) {
    const std::uint32_t workers = setting.config.workers;
    if (port(side).info().tx_queues >= workers) return {};
    for (std::uint32_t worker = 1; worker < workers; ++worker) {
        Ring ring = make_ring("o_" + name_ + (side == Side::inside ? "_i_" : "_o_") + std::to_string(worker));
        if (!ring) return tl::unexpected(out_of_memory("the rings between workers"));
        const LinkPlace place{setting.link, !setting.config.set.empty()};
        outboxes_[static_cast<std::size_t>(side)].emplace_back(std::move(ring), side, place);
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
