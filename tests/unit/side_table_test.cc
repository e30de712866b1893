#include "control/cli/inspect/side_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/packet/checksum.h"

namespace sluis {
namespace {

constexpr std::uint8_t kSyn = 0x02, kAck = 0x10;
constexpr std::uint32_t kClient = 0x0a000001;  // 10.0.0.1
constexpr std::uint32_t kServer = 0xc0000201;  // 192.0.2.1

struct Segment {
    std::uint32_t source;
    std::uint32_t destination;
    std::uint16_t source_port;
    std::uint16_t destination_port;
    std::uint8_t protocol = kProtocolTcp;
    std::uint8_t flags = kAck;
    std::uint16_t fragment = 0;  ///< flags and offset as in the header
};

class SideTableTest : public testing::Test {
protected:
    Side side_of(const Segment& segment, SideTable& table) {
        std::array<std::byte, 64> room{};
        ByteWriter writer(room);
        writer.u64(0x0200'0000'0002'0200);
        writer.u32(1);
        writer.u16(0x0800);
        writer.u32(0x4500'0028);
        writer.u16(7);
        writer.u16(segment.fragment);
        writer.u16(static_cast<std::uint16_t>(64 << 8 | segment.protocol));
        writer.u16(0);
        writer.u32(segment.source);
        writer.u32(segment.destination);
        store_be<std::uint16_t>(&room[24], header_checksum(room));
        writer.u16(segment.source_port);
        writer.u16(segment.destination_port);
        if (segment.protocol == kProtocolUdp) {
            writer.u32(20u << 16);
        } else {
            writer.u64(0);
            writer.u16(static_cast<std::uint16_t>(0x5000 | segment.flags));
        }
        Frame frame{.data = room.data(), .length = 54};
        return table.ingress_of(frame);
    }
    Side side_of(const Segment& segment) { return side_of(segment, table_); }

    static std::uint16_t header_checksum(std::span<const std::byte> frame) {
        std::uint32_t sum = 0;
        for (std::size_t i = 14; i < 34; i += 2) sum += load_be<std::uint16_t>(&frame[i]);
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<std::uint16_t>(~sum);
    }

    SideTable table_;
};

TEST_F(SideTableTest, WhoSendsTheSynIsInside) {
    EXPECT_EQ(side_of({kServer, kClient, 443, 50000, kProtocolTcp, kSyn}), Side::inside) << "from the low port, too";
    EXPECT_EQ(side_of({kClient, kServer, 50000, 443, kProtocolTcp, kSyn | kAck}), Side::outside);
}

TEST_F(SideTableTest, SynAckFirst) {
    EXPECT_EQ(side_of({kServer, kClient, 50000, 443, kProtocolTcp, kSyn | kAck}), Side::outside);
    EXPECT_EQ(side_of({kClient, kServer, 443, 50000}), Side::inside);
}

TEST_F(SideTableTest, MidstreamTheLowPortIsOutside) {
    EXPECT_EQ(side_of({kServer, kClient, 443, 50000}), Side::outside);
    EXPECT_EQ(side_of({kClient, kServer, 50000, 443}), Side::inside);
}

TEST_F(SideTableTest, Udp) {
    EXPECT_EQ(side_of({kServer, kClient, 53, 50000, kProtocolUdp}), Side::outside);
    EXPECT_EQ(side_of({kClient, kServer, 50000, 53, kProtocolUdp}), Side::inside);
}

TEST_F(SideTableTest, EqualPortsThePrivateAddressIsInside) {
    EXPECT_EQ(side_of({kServer, kClient, 443, 443, kProtocolUdp}), Side::outside);
    EXPECT_EQ(side_of({kClient, kServer, 443, 443, kProtocolUdp}), Side::inside);
    EXPECT_EQ(side_of({kServer, kServer + 1, 443, 443, kProtocolUdp}), Side::inside) << "the first sender";
    EXPECT_EQ(side_of({kServer + 1, kServer, 443, 443, kProtocolUdp}), Side::outside);
}

TEST_F(SideTableTest, FragmentsFollowTheirPair) {
    EXPECT_EQ(side_of({kServer, kClient, 53, 50000, kProtocolUdp}), Side::outside);
    EXPECT_EQ(side_of({kServer, kClient, 0, 0, kProtocolUdp, 0, 100}), Side::outside);
    EXPECT_EQ(side_of({kClient, kServer, 0, 0, kProtocolUdp, 0, 100}), Side::inside);
}

TEST_F(SideTableTest, ThePairStaysAsItWasFirstSeen) {
    EXPECT_EQ(side_of({kClient, kServer, 50000, 443, kProtocolTcp, kSyn}), Side::inside);
    EXPECT_EQ(side_of({kServer, kClient, 50000, 22, kProtocolTcp, kSyn}), Side::outside);
}

TEST_F(SideTableTest, BoundedAndStillRightForPairsInUse) {
    SideTable small(8);
    EXPECT_EQ(side_of({kServer, kClient, 443, 50000, kProtocolTcp, kSyn}, small), Side::inside);
    for (std::uint32_t other = 0; other < 100; ++other) {
        side_of({kServer + 2 + other, kClient, 443, 50000}, small);
        EXPECT_EQ(side_of({kClient, kServer, 50000, 443}, small), Side::outside) << "remembered while it is in use";
    }
}

TEST_F(SideTableTest, OtherFramesGoByTheirEthernetAddresses) {
    const auto side = [&](std::string frame) {
        Frame view{.data = reinterpret_cast<std::byte*>(frame.data()),
                   .length = static_cast<std::uint32_t>(frame.size())};
        return table_.ingress_of(view);
    };
    EXPECT_EQ(side("BBBBBBAAAAAA\x08\x06 who has"), Side::inside);
    EXPECT_EQ(side("AAAAAABBBBBB\x08\x06 is at"), Side::outside);
    EXPECT_EQ(side("short"), Side::inside);
    EXPECT_EQ(side(""), Side::inside);
}

}  // namespace
}  // namespace sluis
