#include "dataplane/protocol/quic_header.h"

#include <gtest/gtest.h>

#include "tests/unit/quic_sample.h"

namespace sluis {
namespace {

using Type = QuicPacketType;

std::string zeros(std::size_t count) { return std::string(2 * count, '0'); }

struct TypeCase {
    const char* name;
    std::string hex;
    Type type;
};

class PacketTypes : public testing::TestWithParam<TypeCase> {};

TEST_P(PacketTypes, AreReadByVersion) {
    const Buffer datagram = from_hex(GetParam().hex);
    const auto header = parse_quic_long_header(datagram);
    ASSERT_TRUE(header.has_value()) << name(header.error());
    EXPECT_EQ(header->type, GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(
    All, PacketTypes,
    testing::Values(TypeCase{"v1_initial", "c0 00000001 00 00 00 04 00000000", Type::initial},
                    TypeCase{"v1_zero_rtt", "d0 00000001 00 00 04 00000000", Type::zero_rtt},
                    TypeCase{"v1_handshake", "e0 00000001 00 00 04 00000000", Type::handshake},
                    TypeCase{"v1_retry", "f0 00000001 00 00" + zeros(16), Type::retry},
                    TypeCase{"v2_initial", "d0 6b3343cf 00 00 00 04 00000000", Type::initial},
                    TypeCase{"v2_zero_rtt", "e0 6b3343cf 00 00 04 00000000", Type::zero_rtt},
                    TypeCase{"v2_handshake", "f0 6b3343cf 00 00 04 00000000", Type::handshake},
                    TypeCase{"v2_retry", "c0 6b3343cf 00 00" + zeros(16), Type::retry},
                    TypeCase{"draft29_initial", "c0 ff00001d 00 00 00 04 00000000", Type::initial},
                    TypeCase{"version_negotiation", "80 00000000 00 00 00000001", Type::version_negotiation},
                    TypeCase{"greased_version", "c0 1a2a3a4a 00 00", Type::unknown_version},
                    TypeCase{"draft28", "c0 ff00001c 00 00", Type::unknown_version},
                    TypeCase{"gquic_q050", "c3 51303530 08 0011223344556677 00 00", Type::unknown_version},
                    TypeCase{"gquic_t051", "c3 54303531 08 0011223344556677 00 00", Type::unknown_version},
                    // Q046 has the lengths 8 and 0 in one byte.
                    TypeCase{"gquic_q046", "c3 51303436 50 0011223344556677 00", Type::unknown_version},
                    // The fixed bit may be zero (RFC 9287).
                    TypeCase{"greased_initial", "80 00000001 00 00 00 04 00000000", Type::initial},
                    TypeCase{"greased_v2_initial", "90 6b3343cf 00 00 00 04 00000000", Type::initial},
                    TypeCase{"greased_handshake", "a0 00000001 00 00 04 00000000", Type::handshake}),
    [](const auto& row) { return row.param.name; });

struct FailureCase {
    const char* name;
    std::string hex;
    Reason reason;
};

class Failures : public testing::TestWithParam<FailureCase> {};

TEST_P(Failures, HaveTheirReason) {
    const Buffer datagram = from_hex(GetParam().hex);
    const auto header = parse_quic_long_header(datagram);
    ASSERT_FALSE(header.has_value());
    EXPECT_EQ(name(header.error()), name(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    All, Failures,
    testing::Values(
        FailureCase{"empty", "", Reason::not_this_protocol},
        FailureCase{"short_header", "40 00000001 00 00", Reason::not_this_protocol},
        FailureCase{"gquic_q043", "0d 0011223344556677 51303433 01", Reason::not_this_protocol},
        FailureCase{"only_a_first_byte", "c0", Reason::not_this_protocol},
        FailureCase{"rtp", "80 60 1234 00f00010 11223344 ff", Reason::not_this_protocol},
        FailureCase{"rtp_that_looks_whole", "80 6f 1234 00 00 00 11223344 ff", Reason::not_this_protocol},
        FailureCase{"unknown_version_cut_in_id", "c0 1a2a3a4a 05 01020304", Reason::not_this_protocol},
        FailureCase{"cut_after_version", "c0 00000001", Reason::quic_header},
        FailureCase{"cut_in_destination", "c0 00000001 08 01020304", Reason::quic_header},
        FailureCase{"cut_in_source", "c0 00000001 00 04 010203", Reason::quic_header},
        FailureCase{"destination_of_21", "c0 00000001 15" + zeros(21) + "00 00 04 00000000", Reason::quic_header},
        FailureCase{"source_of_21", "c0 00000001 00 15" + zeros(21) + "00 04 00000000", Reason::quic_header},
        FailureCase{"token_past_the_end", "c0 00000001 00 00 05 04 000000", Reason::quic_header},
        FailureCase{"token_of_2_to_62", "c0 00000001 00 00 ffffffffffffffff 04 00000000", Reason::quic_header},
        FailureCase{"length_past_the_end", "c0 00000001 00 00 00 05 00000000", Reason::quic_header},
        FailureCase{"length_of_2_to_62", "c0 00000001 00 00 00 ffffffffffffffff 00000000", Reason::quic_header},
        FailureCase{"no_length", "e0 00000001 00 00", Reason::quic_header},
        FailureCase{"retry_without_tag", "f0 00000001 00 00" + zeros(15), Reason::quic_header}),
    [](const auto& row) { return row.param.name; });

TEST(QuicHeader, FieldsAreViewsIntoTheDatagram) {
    const Buffer datagram = from_hex("c1 00000001 02 aabb 03 ccddee 4002 0102 4005 1122334455 ffff");
    const auto header = parse_quic_long_header(datagram);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(to_hex(header->destination), "aabb");
    EXPECT_EQ(to_hex(header->source), "ccddee");
    EXPECT_EQ(to_hex(header->token), "0102");
    EXPECT_EQ(header->packet.data(), datagram.data());
    EXPECT_EQ(header->packet.size(), datagram.size() - 2) << "what follows the packet is not part of it";
    EXPECT_EQ(header->packet_number_offset, 18u);
    EXPECT_EQ(to_hex(header->packet.subspan(header->packet_number_offset)), "1122334455");
}

TEST(QuicHeader, UnknownVersionsMayHaveConnectionIdsOf255Bytes) {
    const Buffer datagram = from_hex("c0 1a2a3a4a ff" + zeros(255) + "ff" + zeros(255));
    const auto header = parse_quic_long_header(datagram);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->destination.size(), 255u);
    EXPECT_EQ(header->source.size(), 255u);
    EXPECT_EQ(header->packet.size(), datagram.size());
}

TEST(QuicHeader, JointLengthsOfQ046) {
    const Buffer datagram = from_hex("c3 51303436 51 0011223344556677 01020304 00");
    const auto header = parse_quic_long_header(datagram);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(to_hex(header->destination), "0011223344556677");
    EXPECT_EQ(to_hex(header->source), "01020304");
}

TEST(QuicHeader, ConnectionIdsOf20BytesAndNone) {
    EXPECT_TRUE(parse_quic_long_header(from_hex("c0 00000001 14" + zeros(20) + "14" + zeros(20) + "00 00")));
    EXPECT_TRUE(parse_quic_long_header(from_hex("c0 00000001 00 00 00 00")));
}

TEST(QuicHeader, WalksCoalescedPackets) {
    const Buffer datagram = from_hex("c0000000010000000411111111 d00000000100000422222222 e00000000100000433333333 00");
    Bytes rest = datagram;
    std::vector<Type> types;
    while (has_quic_long_header(rest)) {
        const auto header = parse_quic_long_header(rest);
        ASSERT_TRUE(header.has_value());
        types.push_back(header->type);
        rest = rest.subspan(header->packet.size());
    }
    EXPECT_EQ(types, (std::vector{Type::initial, Type::zero_rtt, Type::handshake}));
    EXPECT_EQ(rest.size(), 1u);
}

TEST(QuicHeader, EveryPrefixOfARealInitialFails) {
    const Buffer datagram = read_sample("quic_initial_www_google_com.bin");
    ASSERT_EQ(datagram.size(), 1200u);
    for (std::size_t size = 0; size < datagram.size(); ++size) {
        const Buffer prefix(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(parse_quic_long_header(prefix).has_value()) << size;
    }
    EXPECT_TRUE(parse_quic_long_header(datagram).has_value());
}

}  // namespace
}  // namespace sluis
