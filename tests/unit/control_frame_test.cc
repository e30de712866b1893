#include "dataplane/packet/control_frame.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <vector>

#include "dataplane/backlog.h"
#include "tests/unit/frame_builder.h"

namespace sluis::test {
namespace {

Buffer to(std::initializer_list<int> mac, int type, const Buffer& payload = Buffer(50)) {
    return buffer(mac) + Buffer(6, std::byte{2}) + big_endian(static_cast<std::size_t>(type), 2) + payload;
}
Buffer ip4(int protocol, const Buffer& payload = Buffer(40)) {
    return ethernet(ipv4({.protocol = protocol}, payload), kEtherIpv4);
}
Buffer ip6(int next, const Buffer& payload = Buffer(40)) {
    return ethernet(ipv6({.protocol = next}, payload), kEtherIpv6);
}
Buffer udp4(int port) { return ip4(kProtocolUdp, udp(50000, port, Buffer(24))); }

struct Row {
    const char* what;
    Buffer frame;
    bool control;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> table{
        {"STP", to({1, 0x80, 0xc2, 0, 0, 0}, 38), true},
        {"LACP", to({1, 0x80, 0xc2, 0, 0, 2}, 0x8809), true},
        {"802.1X", to({1, 0x80, 0xc2, 0, 0, 3}, 0x888e), true},
        {"LLDP", to({1, 0x80, 0xc2, 0, 0, 0xe}, 0x88cc), true},
        {"CFM", to({1, 0x80, 0xc2, 0, 0, 0x37}, 0x8902), true},
        {"behind the last group address", to({1, 0x80, 0xc2, 0, 0, 0x40}, 0x8902), false},
        {"IS-IS", to({9, 0, 0x2b, 0, 0, 5}, 60), true},
        {"CDP", to({1, 0, 0xc, 0xcc, 0xcc, 0xcc}, 60), true},
        {"PVST+", to({1, 0, 0xc, 0xcc, 0xcc, 0xcd}, 60), true},
        {"EtherChannel's neighbour address", to({1, 0, 0xc, 0xcc, 0xcc, 0xce}, 60), false},
        {"a station's own", to({0, 0x80, 0xc2, 0, 0, 2}, 0x8809), false},
        {"ARP", to({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0x0806), false},
        {"OSPF", ip4(89), true},
        {"OSPFv3", ip6(89), true},
        {"VRRP", ip4(112), true},
        {"VRRP over IPv6", ip6(112), true},
        {"PIM", ip4(103), true},
        {"EIGRP", ip4(88), true},
        {"ICMP", ip4(1), false},
        {"BFD", udp4(3784), true},
        {"BFD, several hops", udp4(4784), true},
        {"BFD of a LAG's members", udp4(6784), true},
        {"BFD over IPv6", ip6(kProtocolUdp, udp(49152, 3784, Buffer(24))), true},
        {"HSRP", udp4(1985), true},
        {"an answer from port 3784", ip4(kProtocolUdp, udp(3784, 50000, Buffer(24))), false},
        {"QUIC", udp4(443), false},
        {"BGP", ip4(kProtocolTcp, tcp({.destination = 179})), false},
        {"OSPF in a VLAN", ethernet(vlan(7, ipv4({.protocol = 89}, Buffer(40))), kEtherVlan), true},
        {"OSPF in two", ethernet(vlan(7, vlan(8, ipv4({.protocol = 89}, Buffer(40))), kEtherVlan), kEtherQinQ), true},
        {"OSPF's first fragment", ethernet(ipv4({.protocol = 89, .more = true}, Buffer(40))), false},
    };
    return table;
}

TEST(ControlFrame, IsToldByItsAddressProtocolOrPort) {
    for (const Row& row : rows()) EXPECT_EQ(is_control_frame(row.frame), row.control) << row.what;
}

TEST(ControlFrame, NoPrefixIsReadBeyondItsEnd) {
    for (const Row& row : rows())
        for (std::size_t size = 0; size < row.frame.size(); ++size) {
            const Buffer cut(row.frame.begin(), row.frame.begin() + static_cast<std::ptrdiff_t>(size));
            if (is_control_frame(cut)) EXPECT_TRUE(row.control) << row.what << ' ' << size;
        }
}

class BacklogTest : public testing::Test {
protected:
    Frame* make(const Buffer& bytes, std::uint32_t number) {
        Frame& frame = frames_.emplace_back();
        frame.data = const_cast<std::byte*>(bytes.data());
        frame.length = static_cast<std::uint32_t>(bytes.size());
        numbers_[&frame] = number;
        return &frame;
    }
    std::vector<std::uint32_t> all_of(FrameFifo& fifo) {
        std::vector<std::uint32_t> numbers;
        while (Frame* frame = fifo.pop()) numbers.push_back(numbers_[frame]);
        return numbers;
    }

    const Buffer kOspf = ip4(89), kOther = udp4(443);
    std::deque<Frame> frames_;
    std::map<Frame*, std::uint32_t> numbers_;
};

TEST_F(BacklogTest, KeepsTheOrderWithinEachKind) {
    Backlog backlog(100);
    for (std::uint32_t i = 0; i < 20; ++i) EXPECT_TRUE(backlog.add(make(i % 4 == 0 ? kOspf : kOther, i)));
    EXPECT_EQ(backlog.size(), 20u);
    EXPECT_EQ(all_of(backlog.control()), (std::vector<std::uint32_t>{0, 4, 8, 12, 16}));
    EXPECT_EQ(all_of(backlog.others()),
              (std::vector<std::uint32_t>{1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19}));
    EXPECT_EQ(backlog.size(), 0u);
}

TEST_F(BacklogTest, TakesControlTrafficWhenItTakesNothingElse) {
    Backlog backlog(8);
    for (std::uint32_t i = 0; i < 8; ++i) EXPECT_TRUE(backlog.add(make(kOther, i)));
    EXPECT_FALSE(backlog.add(make(kOther, 8)));
    EXPECT_TRUE(backlog.add(make(kOspf, 9)));
    EXPECT_EQ(all_of(backlog.control()), std::vector<std::uint32_t>{9});
}

TEST_F(BacklogTest, AFloodOfControlTrafficWaitsWithAllElse) {
    Backlog backlog(8);
    std::uint32_t taken = 0;
    for (std::uint32_t i = 0; i < 100; ++i) taken += backlog.add(make(kOspf, i));
    EXPECT_EQ(taken, Backlog::kControlFrames + 8);
}

TEST_F(BacklogTest, GoesRound) {
    FrameFifo fifo(3);
    for (std::uint32_t i = 0; i < 10; ++i) {
        EXPECT_TRUE(fifo.push(make(kOther, 2 * i)));
        EXPECT_TRUE(fifo.push(make(kOther, 2 * i + 1)));
        EXPECT_EQ(all_of(fifo), (std::vector<std::uint32_t>{2 * i, 2 * i + 1}));
    }
    EXPECT_EQ(fifo.pop(), nullptr);
}

}  // namespace
}  // namespace sluis::test
