#include "dataplane/link_follower.h"

#include <cstddef>

namespace sluis {
namespace {

constexpr std::size_t at(Side side) noexcept { return static_cast<std::size_t>(side); }

}  // namespace

std::optional<LinkFollower::Order> LinkFollower::look(const Links& links, Time now) {
    for (const Side side : {Side::inside, Side::outside}) {
        const LinkState link = links[at(side)];
        const bool up = link == LinkState::up || link == LinkState::unknown;
        if (looked_ && up == up_[at(side)]) continue;
        up_[at(side)] = up;
        since_[at(side)] = now;
    }
    looked_ = true;
    if (rising_ && (up_[at(*rising_)] || now >= rise_until_)) {
        since_[at(*rising_)] = now;
        rising_.reset();
    }
    return held_ ? look_at_held(now) : look_at_lost(now);
}

/// Where both are down there is nobody to be told.
std::optional<LinkFollower::Order> LinkFollower::look_at_lost(Time now) {
    for (const Side lost : {Side::inside, Side::outside}) {
        const Side partner = opposite(lost);
        if (up_[at(lost)] || !up_[at(partner)] || rising_ == lost || now - since_[at(lost)] < kLost) continue;
        held_ = partner;
        return Order{partner, false};
    }
    return std::nullopt;
}

std::optional<LinkFollower::Order> LinkFollower::look_at_held(Time now) {
    const Side watched = opposite(*held_);
    if (!up_[at(watched)] || now - since_[at(watched)] < kBack) return std::nullopt;
    rising_ = held_;
    rise_until_ = now + kRise;
    held_.reset();
    return Order{*rising_, true};
}

}  // namespace sluis
