// Two ports that frames cross between: a link of an inline set, mostly its only one.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"
#include "dataplane/packet/frame.h"
#include "dataplane/port/outbox.h"
#include "dataplane/port/port.h"

struct rte_mempool;

namespace sluis {

class PortPair {
public:
    struct Setting {
        const PairConfig& config;
        const FrameConfig& frames;
        std::uint8_t link;  ///< its place among the set's pairs
        rte_mempool* pool;  ///< outlives the pair
    };
    /// Opens both ports; nothing is received before `start`. The error is one line for people.
    static tl::expected<std::unique_ptr<PortPair>, std::string> open(const Setting& setting);
    tl::expected<void, std::string> start();

    const std::string& name() const noexcept { return name_; }
    Port& port(Side side) noexcept { return *ports_[static_cast<std::size_t>(side)]; }
    /// Where a worker puts what goes out of `side`, or nullptr when it has a transmit queue of its own.
    Outbox* outbox(Side side, std::uint32_t worker) noexcept {
        auto& boxes = outboxes_[static_cast<std::size_t>(side)];
        return worker == 0 || boxes.empty() ? nullptr : &boxes[worker - 1];
    }

private:
    explicit PortPair(std::string name) : name_(std::move(name)) {}
    tl::expected<void, std::string> open_port_of(Side side, const Setting& setting);
    tl::expected<void, std::string> make_outboxes(Side side, const Setting& setting);

    std::string name_;
    std::array<std::deque<Outbox>, 2> outboxes_;
    std::array<std::unique_ptr<Port>, 2> ports_;
};

}  // namespace sluis
