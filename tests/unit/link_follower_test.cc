#include "dataplane/link_follower.h"

#include <gtest/gtest.h>

#include <random>

namespace sluis::test {
namespace {

using namespace std::chrono_literals;
using Order = LinkFollower::Order;
constexpr auto kUp = LinkState::up, kDown = LinkState::down;
constexpr Order kInsideDown{Side::inside, false}, kInsideUp{Side::inside, true};
constexpr Order kOutsideDown{Side::outside, false}, kOutsideUp{Side::outside, true};

/// Two cables, and ports that do as they are told: a link is up while its cable is there and its port is not held.
class LinkFollowerTest : public testing::Test {
protected:
    /// Looks once a second for so long; the orders that came.
    std::vector<Order> pass(int seconds) {
        std::vector<Order> orders;
        for (int i = 0; i < seconds; ++i) {
            const auto order = follower_.look({link(Side::inside), link(Side::outside)}, now_ += 1s);
            if (!order) continue;
            allowed_[static_cast<std::size_t>(order->side)] = order->up;
            orders.push_back(*order);
        }
        return orders;
    }
    LinkState link(Side side) const {
        const auto at = static_cast<std::size_t>(side);
        return cable_[at] && allowed_[at] && now_ >= ready_[at] ? kUp : lost_;
    }
    void cable(Side side, bool there) { cable_[static_cast<std::size_t>(side)] = there; }

    LinkFollower follower_;
    LinkFollower::Time now_{};
    std::array<bool, 2> cable_{true, true}, allowed_{true, true};
    std::array<LinkFollower::Time, 2> ready_{};
    LinkState lost_ = kDown;
};

TEST_F(LinkFollowerTest, NothingHappensWhileBothAreUp) { EXPECT_TRUE(pass(100).empty()); }

TEST_F(LinkFollowerTest, APartnerGoesDownAndComesBack) {
    pass(5);
    for (const auto& [side, down, up] :
         {std::tuple{Side::inside, kOutsideDown, kOutsideUp}, std::tuple{Side::outside, kInsideDown, kInsideUp}}) {
        cable(side, false);
        EXPECT_EQ(pass(30), std::vector{down}) << "its partner's link is down by the order, and says nothing";
        EXPECT_EQ(follower_.held(), down.side);
        cable(side, true);
        EXPECT_EQ(pass(30), std::vector{up});
        EXPECT_EQ(follower_.held(), std::nullopt);
    }
}

TEST_F(LinkFollowerTest, AnInterfaceThatIsGoneIsLost) {
    pass(5);
    lost_ = LinkState::gone;
    cable(Side::inside, false);
    EXPECT_EQ(pass(5), std::vector{kOutsideDown});
}

TEST_F(LinkFollowerTest, AShortLossIsNone) {
    pass(5);
    for (int i = 0; i < 20; ++i) {
        cable(Side::inside, false);
        EXPECT_TRUE(pass(1).empty());
        cable(Side::inside, true);
        EXPECT_TRUE(pass(1).empty());
    }
}

TEST_F(LinkFollowerTest, AShortReturnIsNone) {
    cable(Side::inside, false);
    EXPECT_EQ(pass(5), std::vector{kOutsideDown});
    for (int i = 0; i < 20; ++i) {
        cable(Side::inside, true);
        EXPECT_TRUE(pass(2).empty());
        cable(Side::inside, false);
        EXPECT_TRUE(pass(1).empty());
    }
}

TEST_F(LinkFollowerTest, ALinkThatRisesSlowlyDoesNotTakeItsPartnerDown) {
    cable(Side::inside, false);
    pass(5);
    cable(Side::inside, true);
    ready_[1] = now_ + 3s + 8s;  // eight seconds after it was let up
    EXPECT_EQ(pass(60), std::vector{kOutsideUp});
}

TEST_F(LinkFollowerTest, ACableThatWasLostMeanwhileTakesTheOtherPortDown) {
    cable(Side::inside, false);
    pass(5);
    cable(Side::outside, false);
    cable(Side::inside, true);
    EXPECT_EQ(pass(60), (std::vector{kOutsideUp, kInsideDown}));
    cable(Side::outside, true);
    EXPECT_EQ(pass(60), std::vector{kInsideUp});
}

TEST_F(LinkFollowerTest, WhereBothAreLostNobodyIsHeld) {
    cable(Side::inside, false);
    cable(Side::outside, false);
    EXPECT_TRUE(pass(60).empty());
    cable(Side::outside, true);
    EXPECT_EQ(pass(5), std::vector{kOutsideDown});
    cable(Side::inside, true);
    EXPECT_EQ(pass(60), std::vector{kOutsideUp});
}

TEST_F(LinkFollowerTest, APortOfWhichNothingIsKnownIsUp) {
    lost_ = LinkState::unknown;
    cable(Side::inside, false);
    EXPECT_TRUE(pass(60).empty());
}

/// Whatever happens to the cables, once both are there for a while no port stays down.
TEST_F(LinkFollowerTest, NoHistoryOfCablesLeavesAPortDown) {
    std::mt19937 chance(20230327);
    for (int history = 0; history < 300; ++history) {
        for (int i = 0; i < 20; ++i) {
            cable(chance() % 2 == 0 ? Side::inside : Side::outside, chance() % 2 == 0);
            pass(static_cast<int>(chance() % 8));
        }
        cable(Side::inside, true);
        cable(Side::outside, true);
        EXPECT_LE(pass(60).size(), 3u);
        EXPECT_TRUE(pass(60).empty());
        ASSERT_EQ(link(Side::inside), kUp) << history;
        ASSERT_EQ(link(Side::outside), kUp) << history;
    }
}

}  // namespace
}  // namespace sluis::test
