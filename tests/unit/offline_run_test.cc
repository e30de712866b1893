#include "control/cli/inspect/offline_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "control/rules/rule_compiler.h"
#include "dataplane/packet/byte_writer.h"
#include "dataplane/packet/checksum.h"
#include "tests/unit/frame_builder.h"
#include "tests/unit/generation_maker.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;

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
    const ScratchFolder folder;
    const std::string path = folder / "sent.pcap";
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
}

constexpr std::string_view kRules = R"(
category = "tiktok"
default = "on"
comment = "test"
source = "test"
suffix = [{ name = "tiktok.com", comment = "test" }]
)";

/// An IPv4 DNS query for tiktok.com, as a raw IP packet.
const std::string& query() {
    static const std::string packet = [] {
        std::string bytes(56, '\0');
        ByteWriter writer({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
        writer.u32(0x4500'0038);
        writer.u32(0);
        writer.u32(0x4011'0000);
        writer.u32(0xc0000201);
        writer.u32(0xc6336401);
        writer.u32(50000u << 16 | 53);
        writer.u32(36u << 16);  // no checksum
        writer.u32(0x0001'0100);
        writer.u32(0x0001'0000);
        writer.u32(0);
        writer.text(
            "\x06tiktok\x03"
            "com");
        writer.u8(0);
        writer.u32(0x0001'0001);
        const auto header = fold_checksum(add_to_checksum(0, as_bytes(bytes).first(20)));
        store_be<std::uint16_t>(reinterpret_cast<std::byte*>(&bytes[10]), header);
        return bytes;
    }();
    return packet;
}

struct TimedPacket {
    std::uint64_t time;  ///< microseconds
    std::string bytes;
};

std::string capture_of_packets(const std::vector<TimedPacket>& packets, std::uint32_t link_type = 101) {
    std::size_t size = 24;
    for (const TimedPacket& packet : packets) size += 16 + packet.bytes.size();
    std::string file(size, '\0');
    ByteWriter writer({reinterpret_cast<std::byte*>(file.data()), file.size()});
    writer.u32(0xa1b2c3d4);
    writer.u32(0x0002'0004);
    writer.u64(0);
    writer.u32(65535);
    writer.u32(link_type);
    for (const TimedPacket& packet : packets) {
        writer.u32(static_cast<std::uint32_t>(packet.time / 1'000'000));
        writer.u32(static_cast<std::uint32_t>(packet.time % 1'000'000));
        writer.u32(static_cast<std::uint32_t>(packet.bytes.size()));
        writer.u32(static_cast<std::uint32_t>(packet.bytes.size()));
        writer.bytes(as_bytes(packet.bytes));
    }
    return file;
}

/// A pcap of the query, once for each time in microseconds.
std::string capture_of(const std::vector<std::uint64_t>& times, std::uint32_t link_type = 101) {
    std::vector<TimedPacket> packets;
    for (const std::uint64_t time : times) packets.push_back({time, query()});
    return capture_of_packets(packets, link_type);
}

class OfflineRunTest : public testing::Test, public FindingObserver {
protected:
    void SetUp() override {
        RuleSource source;
        std::vector<std::string> errors;
        read_rule_text(kRules, "test.toml", source, errors);
        ASSERT_THAT(errors, testing::IsEmpty());
        auto rules = compile_and_load(source);
        ASSERT_TRUE(rules) << rules.error();
        PipelinePolicy policy;
        policy.enforced = {true};
        generation_ = test::make_generation({.rules = std::move(*rules), .policy = policy});
    }
    void on_finding(const Finding& finding) noexcept override {
        findings_.push_back(std::string(name(finding.verdict)) + " " + std::string(finding.name));
        times_.push_back(finding.time / 1000);
    }
    /// Runs a capture; returns the error, or "".
    std::string run(std::string file, Limits limits = {}) {
        auto reader = CaptureReader::open(InputFile(fmemopen(file.data(), file.size(), "rb"), "test.pcap"));
        if (!reader) return reader.error();
        const OfflineSettings settings{*generation_, limits, this};
        OfflineRun run(settings);
        const auto result = run.run(**reader);
        EXPECT_EQ(run.imbalance(), std::nullopt);
        frames_ = run.frames();
        return result ? "" : result.error();
    }

    std::unique_ptr<const Generation> generation_;
    std::vector<std::string> findings_;
    std::vector<std::uint64_t> times_;  ///< microseconds
    std::uint64_t frames_ = 0;
};

TEST_F(OfflineRunTest, ABurstHasTheTimeOfItsFirstFrame) {
    EXPECT_EQ(run(capture_of({5'000'000, 5'000'400, 5'001'000, 5'001'001, 9'000'000})), "");
    EXPECT_THAT(times_, testing::ElementsAre(5'000'000, 5'000'000, 5'000'000, 5'001'001, 9'000'000));
    EXPECT_THAT(findings_, testing::Each("block tiktok.com"));
}

TEST_F(OfflineRunTest, AClockSetBackStandsStill) {
    EXPECT_EQ(run(capture_of({5'000'000, 1'000'000, 5'000'500, 7'000'000, 6'000'000})), "");
    EXPECT_THAT(times_, testing::ElementsAre(5'000'000, 5'000'000, 5'000'000, 7'000'000, 7'000'000));
}

TEST_F(OfflineRunTest, BurstsAreBounded) {
    EXPECT_EQ(run(capture_of(std::vector<std::uint64_t>(1000, 5'000'000))), "");
    EXPECT_EQ(times_.size(), 1000u);
    EXPECT_EQ(frames_, 1000u);
}

TEST_F(OfflineRunTest, DecadesOfSilenceEnd) {
    EXPECT_EQ(run(capture_of({1'000'000, 4'000'000'000'000'000, 4'000'000'000'000'001})), "");
    EXPECT_EQ(times_.size(), 3u);
}

TEST_F(OfflineRunTest, UnknownLinkTypeIsNamed) {
    const std::string error = run(capture_of({1}, 147));
    EXPECT_THAT(error, HasSubstr("test.pcap: link type 147 cannot be read"));
    EXPECT_THAT(error, HasSubstr("Ethernet"));
}

TEST_F(OfflineRunTest, WhatIsBeforeACutIsInspected) {
    std::string file = capture_of({1'000'000, 2'000'000});
    file.resize(file.size() - 1);
    EXPECT_THAT(run(file), HasSubstr("test.pcap: packet 2: cut short"));
    EXPECT_THAT(times_, testing::ElementsAre(1'000'000));
}

/// A client's upload as its own host captured it: more in one frame than is kept of an undecided flow.
TEST_F(OfflineRunTest, JoinedSegmentsAreReadAsTheCardCutsThem) {
    const std::string head = "POST / HTTP/1.1\r\nHost: tiktok.com.example\r\nContent-Length: 60000\r\n\r\n";
    const std::string next = "GET / HTTP/1.1\r\nHost: tiktok.com\r\n\r\n";
    const test::Buffer upload = test::buffer(head + std::string(60'000, 'x'));
    std::vector<TimedPacket> packets;
    const auto send = [&](bool to_server, const test::TcpFields& fields, const test::Buffer& payload = {}) {
        const test::Ipv4Fields addresses =
            to_server ? test::Ipv4Fields{} : test::Ipv4Fields{.source = "198.51.100.20", .destination = "192.0.2.10"};
        packets.push_back({1'000'000 + packets.size() * 10'000,
                           std::string(as_text(test::ipv4(addresses, test::tcp(fields, payload))))});
    };
    send(true, {.destination = 80, .seq = 999, .flags = kTcpSyn});
    send(false, {.source = 80, .destination = 50000, .seq = 4999, .ack = 1000, .flags = kTcpSyn | kTcpAck});
    send(true, {.destination = 80, .ack = 5000});
    send(true, {.destination = 80, .ack = 5000}, upload);
    const auto end = static_cast<std::uint32_t>(1000 + upload.size());
    send(false, {.source = 80, .destination = 50000, .seq = 5000, .ack = end});
    send(true, {.destination = 80, .seq = end, .ack = 5000}, test::buffer(next));
    EXPECT_EQ(run(capture_of_packets(packets)), "");
    EXPECT_THAT(findings_, testing::ElementsAre("allow tiktok.com.example", "block tiktok.com"));
    EXPECT_EQ(frames_, 6u) << "of the capture";
}

}  // namespace
}  // namespace sluis
