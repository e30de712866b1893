#include "dataplane/protocol/quic_frame.h"

#include <gtest/gtest.h>

#include "tests/unit/quic_sample.h"

namespace sluis {
namespace {

/// What a reader yields, as "offset:hex" for each CRYPTO frame, and the name of the reason that it ends with.
std::string walk(std::string_view hex) {
    const Buffer payload = from_hex(hex);
    QuicFrameReader reader(payload);
    std::string seen;
    for (;;) {
        const auto frame = reader.next();
        if (!frame) return seen + std::string(name(frame.error())) + (reader.closes() ? " closes" : "");
        seen += std::to_string(frame->offset) + ":" + to_hex(frame->data) + " ";
    }
}

struct WalkCase {
    const char* name;
    std::string_view hex;
    std::string_view expected;
};

class FrameWalk : public testing::TestWithParam<WalkCase> {};

TEST_P(FrameWalk, YieldsCryptoFrames) { EXPECT_EQ(walk(GetParam().hex), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Accepted, FrameWalk,
    testing::Values(WalkCase{"nothing", "", "incomplete"},  //
                    WalkCase{"padding_and_ping", "00 01 0000 01", "incomplete"},
                    WalkCase{"one_crypto", "06 00 02 aabb", "0:aabb incomplete"},
                    WalkCase{"crypto_out_of_order", "00 06 4100 01 cc 01 06 00 02 aabb 00", "256:cc 0:aabb incomplete"},
                    WalkCase{"crypto_empty", "06 05 00", "5: incomplete"},
                    WalkCase{"lengths_in_long_form", "06 80000003 c000000000000001 dd", "3:dd incomplete"},
                    WalkCase{"ack", "02 05 00 00 05 06 00 01 ee", "0:ee incomplete"},
                    WalkCase{"ack_ranges", "02 0a 00 02 01 01 00 02 01 06 00 01 ee", "0:ee incomplete"},
                    WalkCase{"ack_range_to_zero", "02 05 00 01 01 01 01 06 00 01 ee", "0:ee incomplete"},
                    WalkCase{"ack_ecn", "03 00 00 00 00 01 4002 03 06 00 01 ee", "0:ee incomplete"},
                    WalkCase{"close_first", "1c 02 00 03 616263 06 00 01 ee", "0:ee incomplete closes"},
                    WalkCase{"crypto_at_the_top", "06 fffffffffffffffe 01 aa", "4611686018427387902:aa incomplete"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Refused, FrameWalk,
                         testing::Values(WalkCase{"crypto_then_stream", "06 00 01 ee 08 00", "0:ee quic_frame"},
                                         WalkCase{"application_close", "1d 00 00", "quic_frame"},
                                         WalkCase{"new_token", "07 01 aa", "quic_frame"},  //
                                         WalkCase{"handshake_done", "1e", "quic_frame"},
                                         WalkCase{"type_in_two_bytes", "4006 00 01 ee", "quic_frame"},
                                         WalkCase{"padding_in_two_bytes", "4000", "quic_frame"},
                                         WalkCase{"crypto_past_the_end", "06 00 03 aabb", "quic_frame"},
                                         WalkCase{"crypto_without_length", "06 00", "quic_frame"},
                                         WalkCase{"crypto_past_2_to_62", "06 ffffffffffffffff 01 aa", "quic_frame"},
                                         WalkCase{"crypto_of_2_to_62", "06 00 ffffffffffffffff aa", "quic_frame"},
                                         WalkCase{"ack_cut", "02 05 00 00", "quic_frame"},
                                         WalkCase{"ack_first_range_below_zero", "02 05 00 00 06", "quic_frame"},
                                         WalkCase{"ack_range_below_zero", "02 05 00 01 01 01 02", "quic_frame"},
                                         WalkCase{"ack_of_2_to_62_ranges",
                                                  "02 ffffffffffffffff 00 ffffffffffffffff 00 00 00 00 00",
                                                  "quic_frame"},
                                         WalkCase{"ack_ecn_cut", "03 00 00 00 00 01 02", "quic_frame"},
                                         WalkCase{"close_cut", "1c 02 00 04 616263", "quic_frame"}),
                         [](const auto& row) { return row.param.name; });

/// Padding is passed in blocks, of which none may reach over a frame.
TEST(QuicFrameReader, PassesAsMuchPaddingAsThereIs) {
    for (int padding = 0; padding < 100; ++padding) {
        std::string hex;
        for (int i = 0; i < padding; ++i) hex += "00";
        EXPECT_EQ(walk(hex + "06 05 01 ee" + hex), "5:ee incomplete") << padding;
        EXPECT_EQ(walk(hex + "08"), "quic_frame") << padding;
    }
}

TEST(QuicFrameReader, FailsAgainWhenAskedAgain) {
    const Buffer payload = from_hex("06 00 01 ee 08 06 00 01 ee");
    QuicFrameReader reader(payload);
    ASSERT_TRUE(reader.next().has_value());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(reader.next().error(), Reason::quic_frame);
}

}  // namespace
}  // namespace sluis
