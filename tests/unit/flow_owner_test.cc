#include "dataplane/packet/flow_owner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Bytes view(const Octets& octets) { return {reinterpret_cast<const std::byte*>(octets.data()), octets.size()}; }

/// The definition, bit by bit: for each input bit that is set, the 32 key bits that begin at its place.
std::uint32_t toeplitz(const Octets& input, const Octets& key) {
    std::uint32_t hash = 0;
    for (std::size_t bit = 0; bit < input.size() * 8; ++bit) {
        if ((input[bit / 8] >> (7 - bit % 8) & 1) == 0) continue;
        std::uint32_t window = 0;
        for (std::size_t i = bit; i < bit + 32; ++i) window = window << 1 | (key[i / 8] >> (7 - i % 8) & 1u);
        hash ^= window;
    }
    return hash;
}

// Microsoft's published verification suite for receive-side scaling: "IPv4 only", destination 161.142.100.80.
TEST(FlowOwner, TestToeplitzIsTheStandardOne) {
    const Octets key{0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                     0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
                     0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
    EXPECT_EQ(toeplitz({66, 9, 149, 187, 161, 142, 100, 80}, key), 0x323e8fc2u);
}

const Octets kClient4{192, 0, 2, 17};
const Octets kServer4{198, 51, 100, 203};
const Octets kClient6{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34};
const Octets kServer6{0x20, 0x01, 0x0d, 0xb8, 0xff, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8};

Octets ipv4(const Octets& source, const Octets& destination, std::uint16_t fragment = 0) {
    return Octets{0x45, 0, 0, 40, 0, 1, static_cast<std::uint8_t>(fragment >> 8), static_cast<std::uint8_t>(fragment),
                  64,   6, 0, 0} +
           source + destination + Octets(20, 0x5a);
}
Octets ipv6(const Octets& source, const Octets& destination, std::uint8_t next = 6) {
    return Octets{0x60, 0, 0, 0, 0, 20, next, 64} + source + destination + Octets(20, 0xa5);
}
const Octets kMacs{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
Octets tag(std::uint16_t type) {
    return {static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type), 0x60, 7};
}

struct Variant {
    const char* name;
    Octets before4;  ///< between the MAC addresses and the IPv4 header
    Octets before6;
};

const std::vector<Variant> kVariants{
    {"plain", {0x08, 0x00}, {0x86, 0xdd}},
    {"802.1Q", tag(0x8100) + Octets{0x08, 0x00}, tag(0x8100) + Octets{0x86, 0xdd}},
    {"802.1ad", tag(0x88a8) + tag(0x8100) + Octets{0x08, 0x00}, tag(0x88a8) + tag(0x8100) + Octets{0x86, 0xdd}},
    {"0x9100", tag(0x9100) + tag(0x8100) + Octets{0x08, 0x00}, tag(0x9100) + tag(0x8100) + Octets{0x86, 0xdd}},
    {"three tags", tag(0x88a8) + tag(0x8100) + tag(0x8100) + Octets{0x08, 0x00},
     tag(0x88a8) + tag(0x8100) + tag(0x8100) + Octets{0x86, 0xdd}},
    {"PPPoE", {0x88, 0x64, 0x11, 0, 0, 9, 0, 42, 0x00, 0x21}, {0x88, 0x64, 0x11, 0, 0, 9, 0, 42, 0x00, 0x57}},
    {"PPPoE, one-byte protocol", {0x88, 0x64, 0x11, 0, 0, 9, 0, 41, 0x21}, {0x88, 0x64, 0x11, 0, 0, 9, 0, 41, 0x57}},
    {"PPPoE in a VLAN", tag(0x8100) + Octets{0x88, 0x64, 0x11, 0, 0, 9, 0, 42, 0x00, 0x21},
     tag(0x8100) + Octets{0x88, 0x64, 0x11, 0, 0, 9, 0, 42, 0x00, 0x57}},
    {"MPLS", {0x88, 0x47, 0, 1, 0x01, 64}, {0x88, 0x47, 0, 1, 0x01, 64}},
    {"MPLS, three labels",
     {0x88, 0x47, 0, 1, 0x00, 64, 0, 2, 0x10, 64, 0, 3, 0x21, 64},
     {0x88, 0x48, 0, 1, 0x00, 64, 0, 2, 0x10, 64, 0, 3, 0x21, 64}},
};

Octets symmetric_key() {
    Octets key;
    for (int i = 0; i < 26; ++i) key = key + Octets{kSymmetricRssKey[0], kSymmetricRssKey[1]};
    return key;
}

TEST(FlowOwner, AgreesWithANetworkCardInEveryEncapsulationBothWays) {
    const std::uint32_t expected4 = toeplitz(kClient4 + kServer4, symmetric_key());
    const std::uint32_t expected6 = toeplitz(kClient6 + kServer6, symmetric_key());
    ASSERT_NE(expected4, 0u);
    ASSERT_NE(expected6, 0u);
    for (const Variant& variant : kVariants) {
        SCOPED_TRACE(variant.name);
        EXPECT_EQ(flow_hash(view(kMacs + variant.before4 + ipv4(kClient4, kServer4))), expected4);
        EXPECT_EQ(flow_hash(view(kMacs + variant.before4 + ipv4(kServer4, kClient4))), expected4);
        EXPECT_EQ(flow_hash(view(kMacs + variant.before6 + ipv6(kClient6, kServer6))), expected6);
        EXPECT_EQ(flow_hash(view(kMacs + variant.before6 + ipv6(kServer6, kClient6))), expected6);
    }
}

TEST(FlowOwner, FragmentsFollowTheirDatagram) {
    const Octets type{0x08, 0x00};
    const std::uint32_t whole = flow_hash(view(kMacs + type + ipv4(kClient4, kServer4)));
    EXPECT_EQ(flow_hash(view(kMacs + type + ipv4(kClient4, kServer4, 0x2000))), whole);
    EXPECT_EQ(flow_hash(view(kMacs + type + ipv4(kServer4, kClient4, 0x00b9))), whole);
    const Octets type6{0x86, 0xdd};
    EXPECT_EQ(flow_hash(view(kMacs + type6 + ipv6(kClient6, kServer6, 44))),
              flow_hash(view(kMacs + type6 + ipv6(kServer6, kClient6, 6))));
}

TEST(FlowOwner, MatchesTheDefinitionForManyAddresses) {
    std::uint32_t state = 1;
    const auto random = [&state] { return static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24); };
    for (int i = 0; i < 2000; ++i) {
        const Octets source{random(), random(), random(), random()},
            destination{random(), random(), random(), random()};
        ASSERT_EQ(flow_hash(view(kMacs + Octets{0x08, 0x00} + ipv4(source, destination))),
                  toeplitz(source + destination, symmetric_key()));
    }
}

TEST(FlowOwner, WorkerZeroOwnsWhatIsNotIp) {
    const std::vector<Octets> frames{{},
                                     kMacs,
                                     kMacs + Octets{0x08},
                                     kMacs + Octets{0x08, 0x06, 0, 1},
                                     kMacs + Octets{0x88, 0xcc, 2, 7},
                                     kMacs + Octets{0x08, 0x00},
                                     kMacs + Octets{0x08, 0x00, 0x45, 0, 0, 40},
                                     kMacs + Octets{0x86, 0xdd, 0x60, 0, 0},
                                     kMacs + tag(0x8100),
                                     kMacs + Octets{0x88, 0x63, 0x11, 9, 0, 0},
                                     kMacs + Octets{0x88, 0x64, 0x11, 0, 0, 9, 0, 42, 0xc0, 0x21},
                                     kMacs + Octets{0x88, 0x47, 0, 1, 0x00, 64},
                                     kMacs + Octets{0x08, 0x00} + Octets(40, 0x75)};
    for (const Octets& frame : frames)
        for (std::uint32_t workers : {1u, 2u, 3u, 16u}) EXPECT_EQ(flow_owner(view(frame), workers), 0u) << frame.size();
}

TEST(FlowOwner, CutAnywhereIsReadWithinBounds) {
    for (const Variant& variant : kVariants) {
        const Octets frame = kMacs + variant.before6 + ipv6(kClient6, kServer6);
        for (std::size_t length = 0; length <= frame.size(); ++length) {
            const Octets cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
            EXPECT_LT(flow_owner(view(cut), 3), 3u);
        }
    }
}

TEST(FlowOwner, SpreadsClientsOverWorkers) {
    for (std::uint32_t workers : {2u, 4u, 6u}) {
        std::vector<int> frames(workers);
        for (int client = 0; client < 4096; ++client) {
            const Octets source{10, 1, static_cast<std::uint8_t>(client >> 8), static_cast<std::uint8_t>(client)};
            ++frames[flow_owner(view(kMacs + Octets{0x08, 0x00} + ipv4(source, kServer4)), workers)];
        }
        for (int count : frames) EXPECT_GT(count, 4096 / static_cast<int>(workers) / 2);
    }
}

}  // namespace
}  // namespace sluis
