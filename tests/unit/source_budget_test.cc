// What one address, one /64 and one station may hold.
#include "dataplane/flow/source_budget.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

namespace sluis {
namespace {

constexpr std::uint32_t kNone = SourceBudget::kNone;

/// A packet of a source: its network and host (IPv6: the /64 and what follows), and the station that sent its frame.
struct From {
    std::uint8_t network = 1, host = 1, station = 1;
    bool ipv6 = true;
    Side side = Side::inside;
};

class Sender {
public:
    explicit Sender(const From& from) {
        bytes_[11] = std::byte{from.station};
        frame_.data = bytes_.data();
        frame_.length = static_cast<std::uint32_t>(bytes_.size());
        frame_.ingress = from.side;
        packet_.frame = &frame_;
        packet_.endpoints.ipv6 = from.ipv6;
        packet_.endpoints.source.address.bytes[0] = std::byte{from.network};
        packet_.endpoints.source.address.bytes[from.ipv6 ? 15 : 3] = std::byte{from.host};
    }
    const Packet& packet() const { return packet_; }

private:
    std::array<std::byte, 64> bytes_{};
    Frame frame_;
    Packet packet_;
};

std::uint32_t take(SourceBudget& budget, const From& from, std::uint32_t limit, Budget of = Budget::flows) {
    return budget.take(Sender(from).packet(), of, limit);
}
/// How many of `limit` the source gets.
std::uint32_t take_all(SourceBudget& budget, const From& from, std::uint32_t limit) {
    std::uint32_t taken = 0;
    while (take(budget, from, limit) != kNone) ++taken;
    return taken;
}

TEST(SourceBudget, CountsEachSourceAndKindForItself) {
    SourceBudget budget(16, 7);
    const From one{.ipv6 = false}, other{.host = 2, .ipv6 = false};
    const std::uint32_t slot = take(budget, one, 2);
    EXPECT_NE(slot, kNone);
    EXPECT_NE(take(budget, one, 2), kNone);
    EXPECT_EQ(take(budget, one, 2), kNone);
    EXPECT_NE(take(budget, one, 2, Budget::fragments), kNone);
    EXPECT_NE(take(budget, other, 2), kNone) << "another IPv4 address";
    EXPECT_NE(take(budget, {.host = 1}, 2), kNone) << "IPv6 with the same bytes";
    budget.give_back(slot, Budget::flows);
    EXPECT_NE(take(budget, one, 2), kNone);
}

TEST(SourceBudget, AnIpv4AddressHasTheWholeOfEachStation) {
    SourceBudget budget(300, 7);
    EXPECT_EQ(take_all(budget, {.station = 1, .ipv6 = false}, 64), 64u);
    EXPECT_EQ(take_all(budget, {.station = 2, .ipv6 = false}, 64), 64u) << "the first one forges it";
    for (const std::uint8_t station : {1, 2}) {
        const From outside{.network = 2, .station = station, .ipv6 = false, .side = Side::outside};
        EXPECT_EQ(take_all(budget, outside, 64), station == 1 ? 64u : 0u) << "all have the router's";
    }
}

SourceBudget::Tables flow_table(std::uint32_t flows) {
    SourceBudget::Tables tables{};
    tables[static_cast<std::size_t>(Budget::flows)] = flows;
    return tables;
}

TEST(SourceBudget, AStationHasHalfATableHoweverManyItsAddresses) {
    for (const auto& [ipv6, flooder] : {std::pair{false, 66}, {true, 66}, {false, 0}, {true, 0}}) {
        SourceBudget budget(1000, 7, flow_table(1000));
        const auto station = static_cast<std::uint8_t>(flooder);
        std::uint32_t taken = 0;
        for (int i = 0; i < 250; ++i) {
            const auto number = static_cast<std::uint8_t>(i);
            taken += take_all(budget, {.network = number, .host = number, .station = station, .ipv6 = ipv6}, 64);
        }
        EXPECT_EQ(taken, 500u);
        EXPECT_EQ(take(budget, {.station = station, .ipv6 = !ipv6}, 64), kNone) << "of both families";
        EXPECT_NE(take(budget, {.station = station, .ipv6 = !ipv6}, 64, Budget::datagrams), kNone)
            << "of no other table";
        EXPECT_EQ(take_all(budget, {.network = 9, .station = 9, .ipv6 = false}, 64), 64u) << "a neighbour";
    }
}

TEST(SourceBudget, AFullStationIsToldFromAFullSource) {
    for (const bool ipv6 : {false, true}) {
        SourceBudget budget(100, 7, flow_table(100));
        const auto full = [&](const From& from, std::uint32_t limit = 40) {
            return budget.full_station(Sender(from).packet(), Budget::flows, limit);
        };
        EXPECT_EQ(full({.ipv6 = ipv6}), kNone) << "nobody holds anything";
        const std::uint32_t some = take(budget, {.ipv6 = ipv6}, 40);
        take_all(budget, {.ipv6 = ipv6}, 40);
        EXPECT_EQ(full({.ipv6 = ipv6}), kNone) << "its own budget is spent";
        for (std::uint8_t network = 2; network < 9; ++network) take_all(budget, {.network = network, .ipv6 = ipv6}, 40);
        EXPECT_EQ(full({.ipv6 = ipv6}), kNone);
        EXPECT_EQ(full({.network = 99, .ipv6 = ipv6}), budget.whole(some));
        EXPECT_EQ(full({.network = 99, .ipv6 = ipv6}, 0), kNone);
        EXPECT_EQ(full({.network = 99, .station = 2, .ipv6 = ipv6}), kNone) << "another station";
        EXPECT_EQ(full({.network = 99, .ipv6 = ipv6, .side = Side::outside}), kNone);
    }
}

TEST(SourceBudget, AStationHasNoLessThanASource) {
    SourceBudget budget(100, 7, flow_table(100));
    EXPECT_EQ(take_all(budget, {.ipv6 = false}, 80), 80u);
    EXPECT_EQ(take_all(budget, {.host = 2, .ipv6 = false}, 80), 0u);
}

TEST(SourceBudget, TheWholeIsWhatOneSenderChoosesAddressesFrom) {
    for (const bool ipv6 : {false, true}) {
        SourceBudget budget(100, 7);
        const auto whole = [&](const From& from) { return budget.whole(take(budget, from, 64)); };
        EXPECT_EQ(whole({.network = 1, .ipv6 = ipv6}), whole({.network = 2, .host = 2, .ipv6 = ipv6}));
        EXPECT_EQ(whole({.ipv6 = ipv6}), whole({.ipv6 = !ipv6}));
        EXPECT_NE(whole({.ipv6 = ipv6}), whole({.station = 2, .ipv6 = ipv6}));
        EXPECT_EQ(whole({.host = 1, .ipv6 = ipv6, .side = Side::outside}) ==
                      whole({.host = 2, .ipv6 = ipv6, .side = Side::outside}),
                  ipv6)
            << "an address, or a /64";
    }
}

TEST(SourceBudget, OneIpv6AddressHasAQuarter) {
    for (const Side side : {Side::inside, Side::outside}) {
        SourceBudget budget(100, 7);
        EXPECT_EQ(take_all(budget, {.host = 1, .side = side}, 64), 16u);
        EXPECT_EQ(take_all(budget, {.host = 2, .side = side}, 64), 16u);
        EXPECT_EQ(take_all(budget, {.network = 2, .side = side}, 64), 16u) << "another /64";
    }
}

TEST(SourceBudget, OneStationHasAHalfHoweverManyItsAddresses) {
    SourceBudget budget(200, 7);
    std::uint32_t taken = 0;
    for (int host = 0; host < 100; ++host)
        for (int i = 0; i < 2; ++i) taken += take(budget, {.host = static_cast<std::uint8_t>(host)}, 64) != kNone;
    EXPECT_EQ(taken, 32u);
    EXPECT_EQ(take_all(budget, {.host = 200, .station = 2}, 64), 16u) << "a neighbour";
}

TEST(SourceBudget, APrefixHasTheWholeHoweverManyItsStations) {
    for (const Side side : {Side::inside, Side::outside}) {
        SourceBudget budget(200, 7);
        std::uint32_t taken = 0;
        for (int host = 0; host < 100; ++host) {
            const auto number = static_cast<std::uint8_t>(host);
            taken += take_all(budget, {.host = number, .station = number, .side = side}, 64);
        }
        EXPECT_EQ(taken, 64u);
        EXPECT_EQ(take_all(budget, {.network = 2}, 64), 16u);
    }
}

TEST(SourceBudget, WhoForgesAnAddressSpendsHisOwnShare) {
    SourceBudget budget(100, 7);
    EXPECT_EQ(take_all(budget, {.host = 1, .station = 66}, 64), 16u);
    EXPECT_EQ(take_all(budget, {.host = 1, .station = 1}, 64), 16u);
}

TEST(SourceBudget, NoPartIsSmallerThanOneNorThanTheLeast) {
    SourceBudget budget(100, 7);
    EXPECT_EQ(take_all(budget, {}, 1), 1u);
    EXPECT_EQ(take_all(budget, {.host = 2, .station = 2}, 1), 0u);
    const Sender sender({.network = 2});
    const std::uint32_t slot = budget.take(sender.packet(), Budget::flows, 8);
    EXPECT_TRUE(budget.charge(slot, Budget::stream_bytes, 30, 40, 30));
    EXPECT_FALSE(budget.charge(slot, Budget::stream_bytes, 1, 40, 30));
    EXPECT_TRUE(budget.charge(slot, Budget::datagrams, 5, 5, 9)) << "the least of a part is no more than the whole";
    EXPECT_FALSE(budget.charge(slot, Budget::datagrams, 1, 5, 9));
}

TEST(SourceBudget, LosesNoSlotToRefusals) {
    SourceBudget budget(4, 7);
    std::vector<std::uint32_t> held;
    for (std::uint8_t station = 0; station < 4; ++station)
        held.push_back(take(budget, {.host = station, .station = station}, 4));
    for (int round = 0; round < 100; ++round) {
        const auto number = static_cast<std::uint8_t>(round);
        EXPECT_EQ(take(budget, {.network = 9, .host = number}, 0), kNone);
        EXPECT_EQ(take(budget, {.host = number, .station = number}, 4), kNone);
    }
    EXPECT_EQ(budget.used(), 13u) << "four addresses of four stations, these by themselves and in the /64, and that";
    for (const std::uint32_t slot : held) budget.give_back(slot, Budget::flows);
    EXPECT_EQ(budget.used(), 0u);
}

TEST(SourceBudget, HasASlotForEverySource) {
    SourceBudget budget(50, 7);
    for (std::uint8_t network = 0; network < 50; ++network)
        EXPECT_NE(take(budget, {.network = network}, 1), kNone) << int{network};
    EXPECT_EQ(budget.used(), 151u);
}

/// Random takes, charges and returns against sums in maps.
TEST(SourceBudget, HoldsWhatAModelHolds) {
    constexpr std::uint32_t kLimit = 24;
    std::mt19937 random(11);
    constexpr std::uint32_t kTable = 48;
    SourceBudget budget(200, 7, flow_table(kTable));
    using Number = std::uint8_t;
    std::map<std::tuple<Number, Number, Number>, std::uint32_t> addresses;
    std::map<std::pair<Number, Number>, std::uint32_t> stations;
    std::map<Number, std::uint32_t> prefixes, wholes;
    std::vector<std::pair<From, std::uint32_t>> held;
    for (int step = 0; step < 50000; ++step) {
        if (random() % 2 == 0 && !held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            const auto [from, slot] = held.back();
            held.pop_back();
            budget.give_back(slot, Budget::flows);
            --addresses[{from.network, from.station, from.host}];
            --stations[{from.network, from.station}];
            --prefixes[from.network];
            --wholes[from.station];
            continue;
        }
        const From from{static_cast<Number>(random() % 3), static_cast<Number>(random() % 5),
                        static_cast<Number>(random() % 4)};
        auto& address = addresses[{from.network, from.station, from.host}];
        auto& station = stations[{from.network, from.station}];
        auto& prefix = prefixes[from.network];
        auto& whole = wholes[from.station];
        const bool fits = address < kLimit / 4 && station < kLimit / 2 && prefix < kLimit && whole < kTable / 2;
        const std::uint32_t slot = take(budget, from, kLimit);
        ASSERT_EQ(slot != kNone, fits) << step;
        if (!fits) continue;
        ++address, ++station, ++prefix, ++whole;
        held.emplace_back(from, slot);
        ASSERT_EQ(budget.held(slot, Budget::flows), address);
        ASSERT_EQ(budget.held(budget.whole(slot), Budget::flows), whole);
    }
    for (const auto& [from, slot] : held) budget.give_back(slot, Budget::flows);
    EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace sluis
