// The Internet checksum: the example of RFC 1071, real headers, and every length and alignment against a plain sum.
#include "dataplane/packet/checksum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/frame_builder.h"

namespace sluis::test {
namespace {

TEST(Checksum, TheExampleOfRfc1071) {
    const Buffer bytes = buffer({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
    EXPECT_EQ(fold_checksum(add_to_checksum(0, bytes)), static_cast<std::uint16_t>(~0xddf2));
}

TEST(Checksum, AnIpv4HeaderFromTheWire) {
    Buffer header = buffer({0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                            0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7});
    EXPECT_TRUE(checksum_holds(0, header));
    EXPECT_TRUE(ipv4_header_checksum_holds(header.data()));
    put16(header, 10, 0);
    EXPECT_EQ(fold_checksum(add_to_checksum(0, header)), 0xb861);
}

TEST(Checksum, NoHeaderHoldsWithABitTurned) {
    const Buffer right = buffer({0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                                 0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7});
    for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
        Buffer wrong = right;
        wrong[bit / 8] ^= std::byte{1} << bit % 8;
        EXPECT_FALSE(ipv4_header_checksum_holds(wrong.data())) << bit;
        EXPECT_FALSE(checksum_holds(0, wrong)) << bit;
    }
}

TEST(Checksum, NothingButZeroesIsNoRightSum) {
    const Buffer zeroes(20);
    EXPECT_FALSE(ipv4_header_checksum_holds(zeroes.data()));
    EXPECT_FALSE(checksum_holds(0, zeroes));
    const Buffer ones(20, std::byte{0xff});
    EXPECT_TRUE(ipv4_header_checksum_holds(ones.data()));
    EXPECT_TRUE(checksum_holds(0, ones));
}

TEST(Checksum, EveryLengthAndAlignment) {
    std::mt19937 random(1);
    Buffer bytes(300);
    for (const bool ones : {false, true})
        for (std::size_t from = 0; from < 9; ++from)
            for (std::size_t size = 0; from + size <= bytes.size(); ++size) {
                for (std::byte& byte : bytes) byte = ones ? std::byte{0xff} : static_cast<std::byte>(random());
                const Buffer part = buffer(Bytes(bytes).subspan(from, size));  // of its exact size, for the sanitizer
                ASSERT_EQ(fold_checksum(add_to_checksum(0, part)), plain_checksum(part)) << from << ' ' << size;
                ASSERT_EQ(fold_checksum(add_to_checksum(0, Bytes(bytes).subspan(from, size))), plain_checksum(part));
            }
}

TEST(Checksum, ALongSumDoesNotOverflow) {
    const Buffer bytes(65535, std::byte{0xff});
    std::uint64_t sum = 0;
    for (int i = 0; i < 1000; ++i) sum = add_to_checksum(sum, Bytes(bytes).first(65534));
    EXPECT_EQ(fold_checksum(sum), 0);
}

TEST(Checksum, PseudoHeadersOfBothFamilies) {
    const Buffer segment =
        with_checksum(tcp({.seq = 0xdeadbeef}, buffer("odd")), 6, address4("192.0.2.10") + address4("198.51.100.20"));
    IpAddress source, destination;
    const Buffer a = address4("192.0.2.10"), b = address4("198.51.100.20");
    std::copy(a.begin(), a.end(), source.bytes.begin());
    std::copy(b.begin(), b.end(), destination.bytes.begin());
    const auto size = static_cast<std::uint32_t>(segment.size());
    EXPECT_TRUE(checksum_holds(pseudo_header_sum(source, destination, false, 6, size), segment));
    EXPECT_FALSE(checksum_holds(pseudo_header_sum(source, destination, false, 17, size), segment));
    EXPECT_FALSE(checksum_holds(pseudo_header_sum(source, destination, false, 6, size + 1), segment));

    const Buffer c = address6("2001:db8::1"), d = address6("2001:db8:ffff::ffff");
    std::copy(c.begin(), c.end(), source.bytes.begin());
    std::copy(d.begin(), d.end(), destination.bytes.begin());
    const Buffer datagram = with_checksum(udp(1, 2, buffer("odd")), 17, c + d);
    EXPECT_TRUE(checksum_holds(pseudo_header_sum(source, destination, true, 17, 11), datagram));
    EXPECT_FALSE(checksum_holds(pseudo_header_sum(source, destination, false, 17, 11), datagram));
}

}  // namespace
}  // namespace sluis::test
