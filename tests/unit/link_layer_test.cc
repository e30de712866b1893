#include "control/cli/inspect/link_layer.h"

#include <gtest/gtest.h>

#include <string>

namespace sluis {
namespace {

using std::string_literals::operator""s;

const std::string kIpv4 = "\x45 IPv4";
const std::string kIpv6 = "\x60 IPv6";
const std::string kMacs = "\x02\0\0\0\0\2\x02\0\0\0\0\1"s;

struct Row {
    const char* what;
    unsigned link_type;
    std::string packet;
    std::string frame;
};

class LinkLayer : public testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(
    Types, LinkLayer,
    testing::Values(
        Row{"ethernet", 1, "as it is", "as it is"}, Row{"raw_ipv4", 101, kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"raw_ipv6", 101, kIpv6, kMacs + "\x86\xdd" + kIpv6}, Row{"raw_12", 12, kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"raw_14", 14, kIpv4, kMacs + "\x08\0"s + kIpv4}, Row{"ipv4", 228, kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"ipv6", 229, kIpv6, kMacs + "\x86\xdd" + kIpv6}, Row{"raw_empty", 101, "", kMacs + "\x90\0"s},
        Row{"sll", 113, "\0\0\0\1\0\6\1\2\3\4\5\6\0\0\x08\0"s + kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"sll_vlan", 113, "\0\0\0\1\0\6\1\2\3\4\5\6\0\0\x81\0\0\7\x86\xdd"s + kIpv6,
            kMacs + "\x81\0\0\7\x86\xdd"s + kIpv6},
        Row{"sll_short", 113, "fifteen bytes..", kMacs + "\x90\0"s + "fifteen bytes.."},
        Row{"sll2", 276, "\x86\xdd\0\0\0\0\0\1\0\1\0\6\1\2\3\4\5\6\0\0"s + kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"sll2_short", 276, "nineteen bytes.....", kMacs + "\x90\0"s + "nineteen bytes....."},
        Row{"null_little", 0, "\2\0\0\0"s + kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"null_big", 0, "\0\0\0\2"s + kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"null_freebsd", 0, "\x1c\0\0\0"s + kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"null_macos", 0, "\x1e\0\0\0"s + kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"null_other", 0, "\1\0\0\0unix"s, kMacs + "\x90\0"s + "unix"},
        Row{"loop_openbsd", 108, "\0\0\0\x18"s + kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"null_short", 0, "abc", kMacs + "\x90\0"s + "abc"},
        Row{"ppp", 9, "\0\x21"s + kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"ppp_compressed", 9, "\x21" + kIpv4, kMacs + "\x08\0"s + kIpv4},
        Row{"ppp_hdlc", 50, "\xff\x03\0\x57"s + kIpv6, kMacs + "\x86\xdd" + kIpv6},
        Row{"ppp_mpls", 9, "\x02\x81 label", kMacs + "\x88\x47" + " label"},
        Row{"ppp_lcp", 9, "\xff\x03\xc0\x21 lcp", kMacs + "\x88\x0b" + "\xc0\x21 lcp"},
        Row{"ppp_short", 9, "\0"s, kMacs + "\x90\0\0"s},
        Row{"pppoe", 51, "\x11\0\0\1\0\2\0\x21"s, kMacs + "\x88\x64" + "\x11\0\0\1\0\2\0\x21"s}),
    [](const auto& info) { return info.param.what; });

TEST_P(LinkLayer, BehindEthernet) {
    const auto link_type = static_cast<std::uint16_t>(GetParam().link_type);
    EXPECT_TRUE(is_supported_link_type(link_type));
    const EthernetParts parts = as_ethernet(link_type, as_bytes(GetParam().packet));
    const std::string frame = std::string(as_text(parts.made_up())) + std::string(as_text(parts.rest));
    EXPECT_EQ(frame, GetParam().frame);
    EXPECT_EQ(parts.size(), frame.size());
}

TEST(LinkTypes, OthersAreRefused) {
    for (const int link_type : {105, 127, 147, 192, 253}) {
        EXPECT_FALSE(is_supported_link_type(static_cast<std::uint16_t>(link_type)));
    }
}

}  // namespace
}  // namespace sluis
