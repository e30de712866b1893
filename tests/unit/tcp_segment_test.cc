// TCP headers: options, flags, and sequence numbers that wrap.
#include "dataplane/packet/tcp_segment.h"

#include <gtest/gtest.h>

#include "tests/unit/frame_builder.h"

namespace sluis::test {
namespace {

TEST(SequenceNumbers, CompareAcrossTheWrap) {
    struct Row {
        std::uint32_t a, b;
        bool before;
    };
    for (const Row& row :
         {Row{0, 1, true}, Row{1, 0, false}, Row{5, 5, false}, Row{0xffffffff, 0, true}, Row{0, 0xffffffff, false},
          Row{0xffffff00, 0x100, true}, Row{0, 0x7fffffff, true}, Row{0x7fffffff, 0, false}}) {
        EXPECT_EQ(seq_before(row.a, row.b), row.before) << row.a << ' ' << row.b;
        EXPECT_EQ(seq_after(row.b, row.a), row.before);
    }
    EXPECT_EQ(seq_max(0xfffffff0, 0x10), 0x10u);
    EXPECT_EQ(seq_max(0x10, 0xfffffff0), 0x10u);
}

TEST(TcpSegment, ReadsTheHeader) {
    const Buffer bytes = tcp({.seq = 0xfffffffe,
                              .ack = 7,
                              .flags = kTcpAck | kTcpFin | kTcpUrg,
                              .window = 513,
                              .urgent = 3,
                              .options = buffer({1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0})},
                             buffer("data"));
    const auto segment = read_tcp_segment(bytes);
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->seq, 0xfffffffe);
    EXPECT_EQ(segment->ack, 7u);
    EXPECT_EQ(segment->window, 513);
    EXPECT_EQ(segment->urgent, 3);
    EXPECT_EQ(segment->length(), 5u);
    EXPECT_EQ(as_text(segment->payload), "data");
    EXPECT_TRUE(segment->options.has_timestamp);
    EXPECT_EQ(segment->options.timestamp, 256u);
    EXPECT_EQ(tcp_flags(bytes), kTcpAck | kTcpFin | kTcpUrg);
}

TEST(TcpSegment, Options) {
    struct Row {
        const char* what;
        Buffer options;
        bool good;
    };
    const std::vector<Row> rows{
        {"none", {}, true},
        {"no operation", buffer({1, 1, 1, 1}), true},
        {"end, then anything", buffer({0, 9, 9, 9}), true},
        {"maximum segment size", buffer({2, 4, 5, 180}), true},
        {"of another length", buffer({2, 3, 5, 1}), false},
        {"window scale", buffer({3, 3, 7, 1}), true},
        {"window scale of another length", buffer({3, 4, 7, 1}), false},
        {"SACK permitted", buffer({4, 2, 1, 1}), true},
        {"SACK permitted with a value", buffer({4, 3, 1, 1}), false},
        {"timestamp cut off", buffer({8, 10, 0, 0}), false},
        {"timestamp of another length", buffer({8, 4, 0, 0}), false},
        {"unknown, skipped", buffer({77, 4, 1, 2}), true},
        {"unknown, of length 0", buffer({77, 0, 1, 2}), false},
        {"unknown, of length 1", buffer({77, 1, 1, 2}), false},
        {"unknown, too long", buffer({77, 5, 1, 2}), false},
        {"a kind without a length", buffer({1, 1, 1, 77}), false},
    };
    for (const Row& row : rows) {
        const auto segment = read_tcp_segment(tcp({.options = row.options}));
        EXPECT_EQ(segment.has_value(), row.good) << row.what;
        if (!segment) EXPECT_EQ(segment.error(), Reason::tcp_options) << row.what;
    }
    EXPECT_EQ(read_tcp_segment(tcp({.options = buffer({3, 3, 200, 1})}))->options.window_scale, 14);
    EXPECT_TRUE(read_tcp_segment(tcp({.options = buffer({34, 2, 1, 1})}))->options.has_fast_open);
    EXPECT_TRUE(read_tcp_segment(tcp({.options = buffer({254, 4, 0xf9, 0x89})}))->options.has_fast_open);
    EXPECT_FALSE(read_tcp_segment(tcp({.options = buffer({254, 4, 0xf9, 0x8a})}))->options.has_fast_open);
    EXPECT_TRUE(read_tcp_segment(tcp({.options = buffer({19, 18}) + Buffer(18)}))->options.has_md5);
}

/// Those that are read at once, and others of the same length one by one: all of them by what they say.
TEST(TcpSegment, OptionsOfASyn) {
    const Buffer usual = buffer({2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7});
    const auto scale_of = [](const Buffer& options) {
        const auto segment = read_tcp_segment(tcp({.flags = kTcpSyn, .options = options}));
        if (!segment || !segment->options.has_window_scale) return -1;
        EXPECT_TRUE(segment->options.has_timestamp);
        EXPECT_EQ(segment->options.timestamp, 0x01020304u);
        EXPECT_FALSE(segment->options.has_md5 || segment->options.has_fast_open);
        return int{segment->options.window_scale};
    };
    EXPECT_EQ(scale_of(usual), 7);
    EXPECT_EQ(scale_of(buffer({2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 15})), 14);
    EXPECT_EQ(scale_of(buffer({4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 2, 4, 5, 180, 1, 3, 3, 9})), 9);
    const auto with = [&](std::size_t at) {  // there another kind, or a length that no list of 20 bytes has
        Buffer other = usual;
        other[at] = std::byte{33};
        return read_tcp_segment(tcp({.flags = kTcpSyn, .options = other}));
    };
    for (const std::size_t kind : {0, 4, 6, 17}) EXPECT_TRUE(with(kind)) << kind;
    EXPECT_FALSE(with(6)->options.has_timestamp);
    EXPECT_FALSE(with(17)->options.has_window_scale);
    for (const std::size_t length : {1, 5, 7, 18}) EXPECT_FALSE(with(length)) << length;
}

TEST(TcpSegment, EveryCombinationOfFlags) {
    for (int flags = 0; flags < 64; ++flags)
        for (const bool data : {false, true}) {
            const bool syn = flags & kTcpSyn, fin = flags & kTcpFin, rst = flags & kTcpRst, ack = flags & kTcpAck;
            const bool good = syn + fin + rst <= 1 && (rst ? !data : syn || ack);
            EXPECT_EQ(read_tcp_segment(tcp({.flags = flags}, Buffer(data ? 1 : 0))).has_value(), good) << flags;
        }
}

}  // namespace
}  // namespace sluis::test
