#include "control/cli/inspect/checksum_offload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/packet/checksum.h"

namespace sluis {
namespace {

enum class Ip { right, wrong };
enum class L4 { right, partial, wrong };

/// An empty TCP segment from 192.0.2.`sender` to 198.51.100.1.
struct Segment {
    std::array<std::byte, 54> bytes{};

    Segment(std::uint8_t sender, Ip ip, L4 l4) {
        ByteWriter writer(bytes);
        writer.u64(0);
        writer.u32(0);
        writer.u16(0x0800);
        writer.u32(0x4500'0028);
        writer.u32(0);
        writer.u32(0x4006'0000);
        writer.u32(0xc0000200u | sender);
        writer.u32(0xc6336401);
        writer.u32(50000u << 16 | 443);
        writer.u64(1);
        writer.u32(0x5010'ffff);
        const std::uint16_t header = fold_checksum(add_to_checksum(0, Bytes(bytes).subspan(14, 20)));
        store_be<std::uint16_t>(&bytes[24], static_cast<std::uint16_t>(ip == Ip::right ? header : header + 1));
        const std::uint64_t pseudo = pseudo_header_sum(address(26), address(30), false, 6, 20);
        const std::uint16_t whole = fold_checksum(add_to_checksum(pseudo, Bytes(bytes).subspan(34)));
        const auto partial = static_cast<std::uint16_t>(~fold_checksum(pseudo));
        const auto field = l4 == L4::right ? whole : l4 == L4::partial ? partial : whole + 1;
        store_be<std::uint16_t>(&bytes[50], static_cast<std::uint16_t>(field));
    }
    IpAddress address(std::size_t offset) const {
        IpAddress result;
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), 4, result.bytes.begin());
        return result;
    }
};

struct Marked {
    ChecksumState ip;
    ChecksumState l4;
    bool operator==(const Marked&) const = default;
};

Marked mark(ChecksumOffload& offload, Segment segment) {
    Frame frame{.data = segment.bytes.data(), .length = 54};
    offload.mark(frame);
    return {frame.ip_checksum, frame.l4_checksum};
}

constexpr auto kGood = ChecksumState::good, kUnknown = ChecksumState::unknown;
constexpr Marked kLeftAlone{kUnknown, kUnknown};

TEST(ChecksumOffload, RightChecksumsAreLeftToThePipeline) {
    ChecksumOffload offload;
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::right}), kLeftAlone);
}

TEST(ChecksumOffload, PseudoHeaderSumIsTheCardsToFinish) {
    ChecksumOffload offload;
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::right}), kLeftAlone);
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::partial}), (Marked{kUnknown, kGood})) << "at any time";
}

TEST(ChecksumOffload, WrongFromTheFirstPacketOn) {
    ChecksumOffload offload;
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::wrong}), (Marked{kUnknown, kGood}));
    EXPECT_EQ(mark(offload, {1, Ip::wrong, L4::wrong}), (Marked{kGood, kGood}));
    EXPECT_EQ(mark(offload, {1, Ip::wrong, L4::right}), (Marked{kGood, kUnknown}));
}

TEST(ChecksumOffload, WrongLaterIsADecoy) {
    ChecksumOffload offload;
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::right}), kLeftAlone);
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::wrong}), kLeftAlone);
    EXPECT_EQ(mark(offload, {1, Ip::wrong, L4::right}), kLeftAlone);
}

TEST(ChecksumOffload, SendersAreApart) {
    ChecksumOffload offload;
    EXPECT_EQ(mark(offload, {1, Ip::right, L4::wrong}), (Marked{kUnknown, kGood}));
    EXPECT_EQ(mark(offload, {2, Ip::right, L4::right}), kLeftAlone);
    EXPECT_EQ(mark(offload, {2, Ip::right, L4::wrong}), kLeftAlone);
}

}  // namespace
}  // namespace sluis
