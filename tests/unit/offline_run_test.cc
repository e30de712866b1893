#include "control/cli/inspect/offline_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluis {
namespace {

using testing::HasSubstr;

std::uint64_t sum(const auto& counts) {
    std::uint64_t total = 0;
    for (const std::uint64_t count : counts) total += count;
    return total;
}

TEST(OfflineFrames, PoolIsBoundedAndReused) {
    OfflineFrames frames(3, nullptr);
    std::vector<Frame*> taken;
    for (int i = 0; i < 3; ++i) taken.push_back(frames.allocate(100));
    EXPECT_THAT(taken, testing::Each(testing::NotNull()));
    EXPECT_EQ(frames.allocate(1), nullptr);
    EXPECT_EQ(frames.outstanding(), 3u);
    frames.drop(taken);
    EXPECT_EQ(frames.outstanding(), 0u);
    Frame* again = frames.allocate(100000);
    ASSERT_NE(again, nullptr);
    std::memset(again->data, 1, 100000);
    again->injected = true;
    again->length = 7;
    frames.drop({&again, 1});
    again = frames.allocate(10);
    EXPECT_FALSE(again->injected) << "nothing is left of the last use";
    EXPECT_EQ(again->length, 0u);
    frames.drop({&again, 1});
}

TEST(OfflineFrames, SentFramesAreWrittenInOrderAndInTime) {
    const std::string path = testing::TempDir() + "offline_frames_test.pcap";
    auto writer = CaptureWriter::create(path);
    ASSERT_TRUE(writer);
    OfflineFrames frames(8, writer->get());
    EthernetParts parts;
    const auto receive = [&](std::string_view data, Nanoseconds time) {
        parts.rest = as_bytes(data);
        return frames.receive(parts, Side::inside, time);
    };
    Frame* held = receive("held", 100);
    Frame* passed = receive("passed", 200);
    frames.transmit(Side::outside, {&passed, 1});
    frames.set_now(150);
    frames.transmit(Side::outside, {&held, 1});  // later than what went before, whatever its own time
    frames.set_now(300);
    Frame* made = frames.allocate(4);
    std::memcpy(made->data, "made", 4);
    made->length = 4;
    frames.transmit(Side::inside, {&made, 1});
    ASSERT_TRUE((*writer)->close());

    auto reader = CaptureReader::open(path);
    ASSERT_TRUE(reader);
    std::string text;
    for (auto packet = (*reader)->next(); packet && *packet; packet = (*reader)->next()) {
        text += std::string(as_text((*packet)->data)) + " " + std::to_string((*packet)->time) + "\n";
    }
    EXPECT_EQ(text, "passed 200\nheld 200\nmade 300\n");
    std::remove(path.c_str());
}

/// The rest needs a pipeline, but no rule to match: categories are not used.
class OfflineRunTest : public testing::Test {
protected:
    /// A pcap of UDP datagrams to port 9, one for each time (seconds and microseconds).
    static std::string capture(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& times, std::uint32_t link_type) {
        std::string file(24 + times.size() * 16, '\0');
        ByteWriter writer({reinterpret_cast<std::byte*>(file.data()), file.size()});
        writer.u32(0xa1b2c3d4);
        writer.u32(0x0002'0004);
        writer.u64(0);
        writer.u32(65535);
        writer.u32(link_type);
        for (const auto& [seconds, microseconds] : times) {
            writer.u32(seconds);
            writer.u32(microseconds);
            writer.u64(0);
        }
        return file;
    }
};

}  // namespace
}  // namespace sluis
