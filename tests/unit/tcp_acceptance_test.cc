// What a receiver takes, as tables: windows, acknowledgments, timestamps and resets, across the wrap.
#include "dataplane/flow/tcp_acceptance.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

constexpr std::uint32_t kFirst = 0xffff'ff00;  // the client's first byte; its stream wraps soon

/// Both SYNs were seen; the client has sent 100 bytes, the server has acknowledged 50 and opened 1000.
TcpFlow flow() {
    TcpFlow made;
    TcpDirection& client = made.directions[0];
    client.syn = client.seen = client.has_acked = client.has_right = true;
    client.first = client.base = kFirst;
    client.high = kFirst + 100;
    client.acked = kFirst + 50;
    client.right = kFirst + 1050;
    TcpDirection& server = made.directions[1];
    server.syn = server.seen = true;
    server.first = server.base = 5001;
    server.high = 6001;
    return made;
}
std::array<std::byte, 2000> bytes;

Reason test(const TcpFlow& made, std::uint32_t seq, std::size_t size, std::uint32_t ack, std::uint8_t flags = kTcpAck) {
    TcpSegment segment;
    segment.seq = seq;
    segment.ack = ack;
    segment.flags = flags;
    segment.payload = Bytes(bytes).first(size);
    return test_acceptance(made, made.directions[0], made.directions[1], segment, kFirst + 100);
}

TEST(TcpAcceptance, Windows) {
    struct Row {
        const char* what;
        std::int64_t from;
        std::size_t size;
        Reason reason;
    };
    for (const Row& row : std::initializer_list<Row>{{"next", 100, 10, Reason::none},
                                                     {"up to the edge", 100, 950, Reason::none},
                                                     {"across the edge", 1000, 100, Reason::none},
                                                     {"one byte at the edge", 1050, 1, Reason::none},
                                                     {"two bytes at the edge", 1050, 2, Reason::tcp_window},
                                                     {"beyond the edge", 1051, 1, Reason::tcp_window},
                                                     {"far beyond it", 0x7000'0000, 1, Reason::tcp_window},
                                                     {"a retransmission", 0, 50, Reason::none},
                                                     {"a keep-alive of before the first byte", -1, 0, Reason::none},
                                                     {"the same with a byte", -1, 1, Reason::none},
                                                     {"before the first byte", -100, 50, Reason::tcp_window},
                                                     {"long before", -0x7000'0000, 50, Reason::tcp_window}})
        EXPECT_EQ(test(flow(), kFirst + static_cast<std::uint32_t>(row.from), row.size, 6001), row.reason) << row.what;
}

TEST(TcpAcceptance, Acknowledgments) {
    struct Row {
        const char* what;
        std::uint32_t ack;
        Reason reason;
    };
    for (const Row& row : std::initializer_list<Row>{{"all", 6001, Reason::none},
                                                     {"the SYN alone", 5001, Reason::none},
                                                     {"more than was sent", 6002, Reason::tcp_ack},
                                                     {"before the first byte", 5000, Reason::tcp_ack},
                                                     {"half the space away", 6001 + 0x8000'0000, Reason::tcp_ack}})
        EXPECT_EQ(test(flow(), kFirst + 100, 10, row.ack), row.reason) << row.what;
}

TEST(TcpAcceptance, Timestamps) {
    for (const auto& [value, reason] :
         std::initializer_list<std::pair<std::uint32_t, Reason>>{{0x10, Reason::none},
                                                                 {0xffff'fff0, Reason::none},
                                                                 {0xffff'ffef, Reason::tcp_paws},
                                                                 {0x8000'0000, Reason::tcp_paws}}) {
        TcpFlow made = flow();
        made.directions[0].has_timestamp = true;
        made.directions[0].timestamp = 0xffff'fff0;
        TcpSegment segment;
        segment.seq = kFirst + 100;
        segment.ack = 6001;
        segment.flags = kTcpAck;
        segment.options.has_timestamp = true;
        segment.options.timestamp = value;
        EXPECT_EQ(test_acceptance(made, made.directions[0], made.directions[1], segment, kFirst + 100), reason)
            << value;
    }
}

TEST(TcpAcceptance, Resets) {
    struct Row {
        std::int64_t from;
        Reason reason;
    };
    for (const Row& row : {Row{100, Reason::none}, Row{50, Reason::none}, Row{99, Reason::tcp_reset},
                           Row{101, Reason::tcp_reset}, Row{0, Reason::tcp_reset}, Row{1000, Reason::tcp_reset}})
        EXPECT_EQ(test(flow(), kFirst + static_cast<std::uint32_t>(row.from), 0, 6001, kTcpRst | kTcpAck), row.reason)
            << row.from;
}

TEST(TcpAcceptance, AcknowledgmentsCountFromTheOtherSideOnly) {
    for (const Side side : {Side::inside, Side::outside}) {
        TcpFlow made = flow();
        made.client = 0;
        made.opener = Side::inside;
        TcpSegment segment;
        segment.seq = 6001;
        segment.ack = kFirst + 80;
        segment.window = 500;
        segment.flags = kTcpAck;
        learn(made, made.directions[1], made.directions[0], segment, comes_from_its_side(made, 1, side), 6001);
        EXPECT_EQ(made.directions[0].acked, kFirst + (side == Side::outside ? 80 : 50));
        EXPECT_EQ(made.directions[0].right, kFirst + 1050) << "the furthest it was";
    }
}

}  // namespace
}  // namespace sluis
