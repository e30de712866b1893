// From a dataplane's rings to events and numbers: days and their keys, restarts on either side, and rings that
// overflow.
#include "control/events/event_pump.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/events/alarm_watch.h"
#include "control/events/mode_watch.h"
#include "control/events/passage_watch.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/events_file.h"
#include "dataplane/verdict/event_recorder.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using json = nlohmann::json;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1'774'612'800 * kSecond;  // 2026-03-27T12:00:00Z

struct EventPumpTest : testing::Test {
    EventPumpTest() { std::filesystem::create_directory(runtime); }

    EventPump& pump() {
        if (!pump_)
            pump_.emplace(EventPump::Setting{config, runtime, "box17", [this] { return now; }}, hub, presence, seen);
        return *pump_;
    }
    void start_dataplane(std::size_t workers = 1) {
        const std::vector<std::string> pairs(workers, "pair0");
        auto made = EventsFile::create(runtime, "", pairs);
        ASSERT_TRUE(made) << made.error();
        ASSERT_TRUE(made->publish());
        rings.emplace(std::move(*made));
        recorder.emplace(rings->ring(0), true);
        recorder->set_epoch(0);
    }
    void find(std::uint8_t device, bool monitored = false, std::string_view name = "www.tiktok.com") {
        Finding finding;
        finding.time = static_cast<std::uint64_t>(now);
        finding.protocol = Protocol::tls;
        finding.name = name;
        finding.verdict = monitored ? Verdict::allow : Verdict::block;
        finding.reason = monitored ? Reason::none : Reason::rule;
        finding.monitored = monitored;
        finding.rule = "tiktok.com";
        finding.category = "tiktok";
        finding.zone = "wifi";
        finding.source_mac[5] = std::byte{device};
        finding.endpoints.source.address.bytes[3] = std::byte{device};
        recorder->on_finding(finding);
    }
    std::vector<json> told() {
        std::vector<json> lines;
        for (const auto& entry : memory.read(0, std::size_t{1} << 30).entries)
            lines.push_back(json::parse(entry.line->json));
        return lines;
    }

    ScratchFolder folder;
    std::string runtime = folder / "run";
    EventsConfig config;
    std::int64_t now = kNoon;
    EventMemory memory;
    EventHub hub{1'000'000, memory};
    Presence presence{10};
    WouldBlock seen{0};
    std::optional<EventsFile> rings;
    std::optional<EventRecorder> recorder;
    std::optional<EventPump> pump_;
};

TEST_F(EventPumpTest, TellsAndCounts) {
    pump().step();
    EXPECT_NE(pump().state().problem, "") << "there is no dataplane yet";
    start_dataplane();
    pump_.reset();
    for (std::uint8_t device = 1; device <= 4; ++device) find(device);
    find(1, true);
    pump().step();
    EXPECT_EQ(pump().state().problem, "");
    ASSERT_EQ(told().size(), 5u);
    EXPECT_EQ(told()[0]["event_type"], "alert");
    EXPECT_EQ(told()[0]["sluis"]["pair"], "pair0");
    EXPECT_EQ(told()[0]["src_ip"], told()[4]["src_ip"]) << "one client, one pseudonym";
    EXPECT_NE(told()[0]["src_ip"], told()[1]["src_ip"]);
    ASSERT_EQ(presence.today().size(), 1u);
    EXPECT_EQ(presence.today()[0].devices, 4u);
    ASSERT_EQ(seen.rows().size(), 1u);
    EXPECT_EQ(seen.rows()[0].total(), 1u) << "of those that monitoring let pass";
}

TEST_F(EventPumpTest, ForgetsItsKeyAtLocalMidnight) {
    const auto brussels = TimeZone::find("Europe/Brussels");
    ASSERT_TRUE(brussels);
    pump().set_time_zone(*brussels);
    start_dataplane();
    now = 1'774'652'399 * kSecond;  // 2026-03-27T23:59:59 in Brussels
    find(1);
    pump().step();
    EXPECT_EQ(presence.days().back().date, "2026-03-27");
    now += kSecond;
    find(1);
    pump().step();
    ASSERT_EQ(told().size(), 2u);
    EXPECT_NE(told()[0]["src_ip"], told()[1]["src_ip"]);
    EXPECT_NE(told()[0]["flow_id"], told()[1]["flow_id"]);
    const auto days = presence.days();
    ASSERT_EQ(days.size(), 2u);
    EXPECT_EQ(days[1].date, "2026-03-28");
    EXPECT_EQ(days[0].numbers.at(0).devices, 1u);
    EXPECT_EQ(days[1].numbers.at(0).devices, 1u);
}

TEST_F(EventPumpTest, CountsNoDeviceOfAnotherDay) {
    start_dataplane();
    find(1);
    now += 86400 * kSecond;
    pump().step();
    EXPECT_EQ(told().size(), 1u);
    EXPECT_TRUE(presence.today().empty()) << "what was left in the rings over night";
}

TEST_F(EventPumpTest, CountsByAddressWhereToldTo) {
    config.presence_by_address = true;
    start_dataplane();
    for (std::uint8_t device = 1; device <= 3; ++device) {
        Finding finding;
        finding.time = static_cast<std::uint64_t>(now);
        finding.protocol = Protocol::dns;
        finding.verdict = Verdict::block;
        finding.reason = Reason::rule;
        finding.category = "tiktok";
        finding.endpoints.source.address.bytes[3] = std::byte{device};  // behind one router
        recorder->on_finding(finding);
    }
    pump().step();
    EXPECT_EQ(presence.today().at(0).devices, 3u);
}

TEST_F(EventPumpTest, ShowsClientsOnRecordAndInTimeOnly) {
    config.clients_in_clear = true;
    config.clients_reason = "INC-4711";
    config.clients_until = "2026-03-28";
    start_dataplane();
    find(1);
    pump().step();
    EXPECT_EQ(told()[0]["sluis"]["clients"], "pseudonym") << "nothing is on record yet";
    pump().allow_clear();
    find(1);
    pump().step();
    EXPECT_EQ(told()[1]["src_ip"], "0.0.0.1");
    EXPECT_TRUE(pump().state().clients_in_clear);
    now += 12 * 3600 * kSecond;
    find(1);
    pump().step();
    EXPECT_EQ(told()[2]["sluis"]["clients"], "pseudonym");
    EXPECT_TRUE(pump().state().clear_has_ended);
    now -= 12 * 3600 * kSecond;
    find(1);
    pump().step();
    EXPECT_EQ(told()[3]["sluis"]["clients"], "pseudonym") << "a clock that goes back brings nothing back";
}

TEST_F(EventPumpTest, ReadsOnAfterADataplanesRestart) {
    start_dataplane(2);
    pump().step();
    find(1);
    start_dataplane(1);  // the old file, with one event left, is replaced
    find(2);
    pump().step();
    EXPECT_EQ(told().size(), 1u) << "what was left comes first";
    pump().step();  // finds nothing more, and lets go
    for (int i = 0; i < 300 && told().size() < 2; ++i) {
        ::usleep(10'000);
        pump().step();
    }
    EXPECT_EQ(told().size(), 2u);
    EXPECT_EQ(pump().state().workers.size(), 1u);
}

TEST_F(EventPumpTest, CountsWhatTheRingLost) {
    start_dataplane();
    for (std::uint64_t i = 0; i < kEventRingSize + 7; ++i) find(1);
    pump().step();
    ASSERT_EQ(pump().state().workers.size(), 1u);
    EXPECT_EQ(pump().state().workers[0].lost, 7u);
    EXPECT_EQ(told().size(), kEventRingSize);
}

TEST_F(EventPumpTest, TellsNoAllowedName) {
    start_dataplane();
    Finding finding;
    finding.protocol = Protocol::tls;
    finding.name = "private.example";
    recorder->on_finding(finding);
    pump().step();
    EXPECT_TRUE(told().empty());
    EXPECT_TRUE(presence.today().empty());
}

TEST_F(EventPumpTest, TellsCountsAtAnInterval) {
    auto counters = CountersFile::create(runtime, std::vector<std::string>{"pair0"});
    ASSERT_TRUE(counters);
    counters->worker(0).rx_frames[0] = 12;
    counters->worker(0).drops[static_cast<std::size_t>(Reason::rule)] = 3;
    ASSERT_TRUE(counters->publish());
    pump().step();
    pump().step();
    ASSERT_EQ(told().size(), 1u) << "one a minute";
    EXPECT_EQ(told()[0]["stats"]["rx_frames"], 12);
    EXPECT_EQ(told()[0]["stats"]["drops"], (json{{"rule", 3}}));
}

TEST(AlarmWatch, TellsWhatIsNewAndWhatIsOver) {
    AlarmWatch watch;
    std::vector<std::pair<std::string, bool>> told;
    const auto tell = [&](const NamedAlarm& alarm, bool raised) { told.emplace_back(alarm.second, raised); };
    watch.see({{"link_down", "a"}, {"link_down", "b"}}, tell);
    EXPECT_EQ(told, (std::vector<std::pair<std::string, bool>>{{"a", true}, {"b", true}}));
    told.clear();
    watch.see({{"link_down", "b"}}, tell);
    watch.see({{"link_down", "b"}}, tell);
    EXPECT_EQ(told, (std::vector<std::pair<std::string, bool>>{{"a", false}}));
    told.clear();
    watch.see({{"link_down", "c"}}, tell);
    EXPECT_EQ(told, (std::vector<std::pair<std::string, bool>>{{"b", false}, {"c", true}}));
}

api::PairMode pair_mode(const char* pair, const char* mode, const char* cause, std::int64_t since = 1) {
    api::PairMode made;
    made.set_pair(pair);
    made.set_mode(mode);
    made.set_cause(cause);
    made.set_since(since);
    made.set_reason("because");
    return made;
}

TEST(ModeWatch, TellsWhatTheBoxDidByItself) {
    ModeWatch watch;
    std::vector<json> told;
    const auto see = [&](const std::vector<api::PairMode>& modes) {
        told.clear();
        watch.see(modes, [&](const auto& before, const auto& after) {
            told.push_back(json(describe_mode_change(before, after)));
        });
        return told.size();
    };
    EXPECT_EQ(see({pair_mode("a", "inline", "configuration"), pair_mode("b", "wire", "configuration")}), 0u)
        << "new ones";
    ASSERT_EQ(see({pair_mode("a", "wire", "configuration", 7), pair_mode("b", "wire", "configuration")}), 1u);
    EXPECT_EQ(told[0], (json{{"who", "sluis-dataplane"},
                             {"what", "mode.change"},
                             {"stage", "done"},
                             {"comment", "because"},
                             {"outcome", "a is wire (configuration)"},
                             {"before", {{"pair", "a"}, {"mode", "inline"}, {"cause", "configuration"}, {"since", 1}}},
                             {"after", {{"pair", "a"}, {"mode", "wire"}, {"cause", "configuration"}, {"since", 7}}}}));
    EXPECT_EQ(see({pair_mode("a", "wire", "expiry", 7)}), 1u) << "another cause";
    EXPECT_EQ(see({}), 0u) << "no dataplane runs";
    EXPECT_EQ(see({pair_mode("a", "closed", "command")}), 0u) << "who commands is on record";
    EXPECT_EQ(see({pair_mode("a", "inline", "expiry")}), 1u);
    EXPECT_EQ(see({pair_mode("a", "inline", "expiry", 9)}), 0u);
}

GuardedPair guarded(Passage passage, PassageCause cause, std::int64_t since, std::uint64_t failures) {
    GuardedPair made;
    made.pair = "lan";
    made.method = "kernel-bridge";
    made.policy = "open";
    made.passage = passage;
    made.cause = cause;
    made.since = since;
    made.failures = failures;
    return made;
}

class PassageWatchTest : public testing::Test {
protected:
    std::size_t see(const GuardedPair& pair) {
        told_.clear();
        watch_.see({pair}, [&](const auto& before, const auto& after) {
            told_.push_back(json(describe_passage_change(before, after)));
        });
        return told_.size();
    }

    PassageWatch watch_;
    std::vector<json> told_;
};

TEST_F(PassageWatchTest, TellsWhatBecomesOfFrames) {
    EXPECT_EQ(see(guarded(Passage::dataplane, PassageCause::forwarding, 5, 0)), 0u) << "a new one";
    ASSERT_EQ(see(guarded(Passage::bypassed, PassageCause::hung, 9, 1)), 1u);
    json before{{"pair", "lan"},    {"passage", "dataplane"},    {"cause", "forwarding"}, {"since", 5},
                {"policy", "open"}, {"method", "kernel-bridge"}, {"failures", 0}};
    json after = before;
    after.update({{"passage", "bypassed"}, {"cause", "hung"}, {"since", 9}, {"failures", 1}});
    EXPECT_EQ(told_[0], (json{{"who", "sluis-guard"},
                              {"what", "passage.change"},
                              {"stage", "done"},
                              {"outcome", "lan: bypassed (hung)"},
                              {"before", before},
                              {"after", after}}));
    EXPECT_EQ(see(guarded(Passage::bypassed, PassageCause::absent, 11, 1)), 0u) << "another sluis-guard";
}

TEST_F(PassageWatchTest, TellsWhatWasOverBeforeTheLook) {
    see(guarded(Passage::dataplane, PassageCause::forwarding, 5, 0));
    GuardedPair back = guarded(Passage::dataplane, PassageCause::forwarding, 10, 1);
    back.former = Passage::bypassed;
    back.former_cause = PassageCause::ended;
    back.former_since = 9;
    ASSERT_EQ(see(back), 2u);
    EXPECT_EQ(told_[0]["outcome"], "lan: bypassed (ended)");
    EXPECT_EQ(told_[0]["after"]["since"], 9);
    EXPECT_EQ(told_[1]["outcome"], "lan: dataplane (forwarding)");
    EXPECT_EQ(told_[1]["before"]["passage"], "bypassed");
    EXPECT_EQ(see(back), 0u);
}

}  // namespace
}  // namespace sluis
