// Findings on their way through shared memory: what a worker records is what a reader takes, as far as there is room.
#include "dataplane/verdict/event_recorder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "dataplane/interface/events_file.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using testing::HasSubstr;

struct EventRecorderTest : testing::Test {
    EventRecorderTest() { std::filesystem::create_directory(directory); }
    EventsFile create() {
        auto made = EventsFile::create(directory, "", std::vector<std::string>{"first", "second"});
        EXPECT_TRUE(made) << made.error();
        EXPECT_TRUE(made->publish());
        return std::move(*made);
    }
    EventReader open() {
        auto opened = EventReader::open(directory);
        EXPECT_TRUE(opened) << opened.error();
        return std::move(*opened);
    }
    static Finding finding(std::string_view name) {
        Finding made;
        made.time = 5;
        made.protocol = Protocol::tls;
        made.name = name;
        made.verdict = Verdict::block;
        made.reason = Reason::rule;
        made.rule = "tiktok.com";
        made.category = "tiktok";
        made.zone = "staff";
        made.generation = 9;
        made.endpoints.source.port = 50000;
        made.endpoints.destination.port = 443;
        made.pair = "link1";
        made.vlan = {20, 7};
        made.vlan_count = 2;
        made.transport = 6;
        made.source_mac[5] = std::byte{3};
        made.ingress = Side::outside;
        return made;
    }
    ScratchFolder folder;
    std::string directory = folder / "run";
};

TEST_F(EventRecorderTest, AReaderTakesWhatWasRecorded) {
    EventsFile file = create();
    EventRecorder recorder(file.ring(1), false);
    recorder.set_epoch(1000);
    recorder.on_finding(finding("www.tiktok.com"));
    EventReader reader = open();
    EXPECT_EQ(reader.workers(), 2u);
    EXPECT_EQ(reader.pair_of_worker(1), "second");
    EXPECT_FALSE(reader.take(0));
    const auto event = reader.take(1);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->time, 1005u);
    EXPECT_EQ(event->generation, 9u);
    EXPECT_EQ(event->verdict, EventVerdict::blocked);
    EXPECT_EQ(static_cast<Reason>(event->reason), Reason::rule);
    EXPECT_STREQ(event->name, "www.tiktok.com");
    EXPECT_EQ(event->name_size, 14u);
    EXPECT_STREQ(event->zone, "staff");
    EXPECT_STREQ(event->category, "tiktok");
    EXPECT_STREQ(event->rule, "tiktok.com");
    EXPECT_EQ(event->destination_port, 443u);
    EXPECT_EQ(event->vlan[1], 7u);
    EXPECT_EQ(event->source_mac[5], std::byte{3});
    EXPECT_EQ(event->transport, 6u);
    EXPECT_STREQ(event->pair, "link1");
    EXPECT_EQ(event->from_inside, 0u);
    EXPECT_FALSE(reader.take(1));
}

TEST_F(EventRecorderTest, MonitoredAndAllowedAreTold) {
    EventsFile file = create();
    EventRecorder recorder(file.ring(0), false);
    EXPECT_FALSE(recorder.takes_allowed());
    Finding made = finding("a");
    made.verdict = Verdict::allow;
    made.monitored = true;
    recorder.on_finding(made);
    made.monitored = false;
    recorder.on_finding(made);
    EventReader reader = open();
    EXPECT_EQ(reader.take(0)->verdict, EventVerdict::monitored);
    EXPECT_EQ(reader.take(0)->verdict, EventVerdict::allowed);
}

TEST_F(EventRecorderTest, OfALongNameTheEndIsKept) {
    EventsFile file = create();
    EventRecorder recorder(file.ring(0), false);
    const std::string name = std::string(300, 'x') + ".tiktok.com";
    recorder.on_finding(finding(name));
    const auto event = open().take(0);
    EXPECT_EQ(event->name_size, name.size());
    EXPECT_EQ(std::string(event->name, sizeof event->name), name.substr(name.size() - sizeof event->name));
}

TEST_F(EventRecorderTest, WhatFindsTheRingFullIsLostAndCounted) {
    EventsFile file = create();
    EventRecorder recorder(file.ring(0), false);
    for (std::uint64_t i = 0; i < kEventRingSize + 3; ++i) recorder.on_finding(finding(std::to_string(i)));
    EventReader reader = open();
    EXPECT_EQ(reader.lost(0), 3u);
    EXPECT_STREQ(reader.take(0)->name, "0");
    recorder.on_finding(finding("later"));
    EXPECT_EQ(reader.lost(0), 3u);
    std::uint64_t taken = 1;
    std::string last;
    while (const auto event = reader.take(0)) last = event->name, ++taken;
    EXPECT_EQ(taken, kEventRingSize + 1);
    EXPECT_EQ(last, "later");
}

TEST_F(EventRecorderTest, AHostileReaderLosesEventsAndNoMore) {
    EventsFile file = create();
    EventRecorder recorder(file.ring(0), false);
    for (const std::uint64_t tail : {~std::uint64_t{0}, std::uint64_t{1} << 40, std::uint64_t{0}}) {
        file.ring(0).tail = tail;
        file.ring(0).head = tail / 3;  // not his either
        for (int i = 0; i < 2000; ++i) recorder.on_finding(finding("a.example"));
    }
    EXPECT_GT(file.ring(0).lost, 0u);
}

TEST_F(EventRecorderTest, OneReaderAtATime) {
    EventsFile file = create();
    {
        EventReader reader = open();
        const auto second = EventReader::open(directory);
        ASSERT_FALSE(second);
        EXPECT_THAT(second.error(), HasSubstr("read by another program already"));
        EXPECT_FALSE(reader.is_outdated());
        create();
        EXPECT_TRUE(reader.is_outdated());
    }
    open();
    struct stat status {};
    ASSERT_EQ(::stat(events_path(directory).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(EventRecorderTest, NobodySeesAFileBeforeItIsPublished) {
    {
        const auto made = EventsFile::create(directory, "", std::vector<std::string>{"pair"});
        ASSERT_TRUE(made) << made.error();
        EXPECT_FALSE(EventReader::open(directory));
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory)) << "what was not published goes";
}

TEST_F(EventRecorderTest, WhatIsNoEventsFileIsSaidInOneLine) {
    EXPECT_THAT(EventReader::open(directory).error(), HasSubstr("start sluis-dataplane"));
    std::ofstream(events_path(directory)) << std::string(100000, 'x');
    EXPECT_THAT(EventReader::open(directory).error(), HasSubstr("is no events file of this version"));
    std::ofstream(events_path(directory)) << "short";
    EXPECT_THAT(EventReader::open(directory).error(), HasSubstr("is no events file of this version"));
}

}  // namespace
}  // namespace sluis
