// Lines of events: what a collector of Suricata's EVE finds where, and what must not be there.
#include <arpa/inet.h>
#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "control/events/box_lines.h"
#include "control/events/event_limiter.h"
#include "control/events/events_config.h"
#include "control/events/finding_line.h"
#include "control/events/syslog_message.h"
#include "control/events/syslog_target.h"

namespace sluis {
namespace {

using json = nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

template <std::size_t Size>
void put(char (&field)[Size], std::string_view text) {
    std::memcpy(field, text.data(), std::min(text.size(), Size));
}

Event blocked_hello() {
    Event event{};
    event.time = 1'774'598'400'123'456'789;
    event.generation = 7;
    event.protocol = static_cast<std::uint8_t>(Protocol::tls);
    event.verdict = EventVerdict::blocked;
    event.reason = static_cast<std::uint8_t>(Reason::rule);
    event.from_inside = 1;
    event.vlan = {20, 7};
    event.vlan_count = 2;
    event.transport = 6;
    ::inet_pton(AF_INET, "10.21.0.9", event.source.data());
    ::inet_pton(AF_INET, "198.51.100.20", event.destination.data());
    event.source_port = 50000;
    event.destination_port = 443;
    event.source_mac = {std::byte{2}, {}, {}, {}, {}, std::byte{9}};
    event.destination_mac = {std::byte{4}};
    put(event.zone, "wifi");
    put(event.category, "tiktok");
    put(event.rule, "tiktok.com");
    put(event.name, "www.tiktok.com");
    return event;
}

struct FindingLine : testing::Test {
    json line(const Event& event, bool clear = false) {
        const auto made = describe_finding(event, {key, clear, "box17", "pair0", 3});
        EXPECT_TRUE(made);
        if (!made) return {};
        EXPECT_EQ(made->json.find('\n'), std::string::npos);
        kind = made->kind;
        return json::parse(made->json);
    }
    DailyKey key;
    EventKind kind{};
};

TEST_F(FindingLine, HasEveOfABlockedHello) {
    const json made = line(blocked_hello());
    EXPECT_EQ(made["timestamp"], "2026-03-27T08:00:00.123456+00:00");
    EXPECT_EQ(made["event_type"], "alert");
    EXPECT_EQ(made["host"], "box17");
    EXPECT_EQ(made["in_iface"], "pair0");
    EXPECT_EQ(made["vlan"], json({20, 7}));
    EXPECT_EQ(made["dest_ip"], "198.51.100.20");
    EXPECT_EQ(made["dest_port"], 443);
    EXPECT_EQ(made["proto"], "TCP");
    EXPECT_EQ(made["app_proto"], "tls");
    EXPECT_EQ(made["verdict"]["action"], "drop");
    EXPECT_EQ(made["alert"]["action"], "blocked");
    EXPECT_EQ(made["alert"]["signature"], "tiktok.com");
    EXPECT_EQ(made["alert"]["category"], "tiktok");
    EXPECT_TRUE(made["alert"]["signature_id"].is_number_unsigned());
    EXPECT_EQ(made["tls"]["sni"], "www.tiktok.com");
    const json expected{{"pair", "pair0"},      {"worker", 3},          {"zone", "wifi"},
                        {"category", "tiktok"}, {"rule", "tiktok.com"}, {"reason", "rule"},
                        {"generation", 7},      {"client", "src"},      {"clients", "pseudonym"}};
    EXPECT_EQ(made["sluis"], expected);
    EXPECT_LT(made["flow_id"].get<std::uint64_t>(), std::uint64_t{1} << 53);
}

TEST_F(FindingLine, OfASetNamesThePairToo) {
    Event event = blocked_hello();
    put(event.pair, "link1");
    const json made = line(event);  // of a worker of "pair0"
    EXPECT_EQ(made["in_iface"], "link1");
    EXPECT_EQ(made["sluis"]["pair"], "link1");
    EXPECT_EQ(made["sluis"]["set"], "pair0");
    put(event.pair, "pair0");
    EXPECT_FALSE(line(event)["sluis"].contains("set"));
}

TEST_F(FindingLine, NamesNoClient) {
    const json made = line(blocked_hello());
    EXPECT_THAT(made["src_ip"].get<std::string>(), testing::StartsWith("100::"));
    EXPECT_FALSE(made.contains("src_port"));
    EXPECT_FALSE(made.contains("ether"));
    EXPECT_THAT(made.dump(), Not(HasSubstr("10.21.0.9")));
    EXPECT_THAT(made.dump(), Not(HasSubstr("02:00:00:00:00:09")));
    in6_addr address{};
    EXPECT_EQ(::inet_pton(AF_INET6, made["src_ip"].get<std::string>().c_str(), &address), 1);
}

TEST_F(FindingLine, NamesTheClientOfAnAnswerNeither) {
    Event event = blocked_hello();
    std::swap(event.source, event.destination);
    std::swap(event.source_port, event.destination_port);
    event.from_inside = 0;
    event.protocol = static_cast<std::uint8_t>(Protocol::dns);
    const json made = line(event), hello = line(blocked_hello());
    EXPECT_EQ(made["src_ip"], "198.51.100.20");
    EXPECT_EQ(made["dest_ip"], hello["src_ip"]) << "one client, one pseudonym";
    EXPECT_FALSE(made.contains("dest_port"));
    EXPECT_EQ(made["sluis"]["client"], "dest");
    EXPECT_EQ(made["dns"]["answer"]["rrname"], "www.tiktok.com");
    EXPECT_EQ(made["flow_id"], hello["flow_id"]) << "both directions are one flow";
}

TEST_F(FindingLine, ShowsClientsWhenToldTo) {
    const json made = line(blocked_hello(), true);
    EXPECT_EQ(made["src_ip"], "10.21.0.9");
    EXPECT_EQ(made["src_port"], 50000);
    EXPECT_EQ(made["ether"]["src_mac"], "02:00:00:00:00:09");
    EXPECT_EQ(made["sluis"]["clients"], "clear");
}

TEST_F(FindingLine, HasEachProtocolsMembers) {
    Event event = blocked_hello();
    event.protocol = static_cast<std::uint8_t>(Protocol::dns);
    event.transport = 17;
    EXPECT_EQ(line(event)["dns"]["query"][0]["rrname"], "www.tiktok.com");
    EXPECT_EQ(line(event)["proto"], "UDP");
    event.protocol = static_cast<std::uint8_t>(Protocol::quic);
    EXPECT_EQ(line(event)["quic"]["sni"], "www.tiktok.com");
    event.protocol = static_cast<std::uint8_t>(Protocol::http);
    EXPECT_EQ(line(event)["http"]["hostname"], "www.tiktok.com");
    event.protocol = static_cast<std::uint8_t>(Protocol::ip);
    event.transport = 1;
    EXPECT_EQ(line(event)["proto"], "ICMP");
}

TEST_F(FindingLine, TellsWhatIsOnlyMonitored) {
    Event event = blocked_hello();
    event.verdict = EventVerdict::monitored;
    event.reason = 0;
    const json made = line(event);
    EXPECT_EQ(made["event_type"], "alert");
    EXPECT_EQ(made["alert"]["action"], "allowed");
    EXPECT_EQ(made["verdict"]["action"], "alert");
}

TEST_F(FindingLine, TellsADropWithoutARuleAndWithoutAName) {
    Event event = blocked_hello();
    std::memset(event.rule, 0, sizeof event.rule);
    std::memset(event.category, 0, sizeof event.category);
    event.reason = static_cast<std::uint8_t>(Reason::stream_conflict);
    put(event.name, "private.example");
    const json made = line(event);
    EXPECT_EQ(made["event_type"], "drop");
    EXPECT_EQ(made["drop"]["reason"], "stream_conflict");
    EXPECT_THAT(made.dump(), Not(HasSubstr("private.example")));
}

TEST_F(FindingLine, TellsNothingOfAllowedNames) {
    Event event = blocked_hello();
    event.verdict = EventVerdict::allowed;
    EXPECT_FALSE(describe_finding(event, {key, true, "", "", 0})) << "not even with clients in the clear";
}

TEST_F(FindingLine, SurvivesARecordOfAnotherVersion) {
    Event event;
    std::memset(&event, 0xff, sizeof event);
    event.verdict = EventVerdict::blocked;
    const json made = line(event);
    EXPECT_EQ(made["app_proto"], "unknown");
    EXPECT_EQ(made["sluis"]["reason"], "unknown");
    EXPECT_FALSE(made.contains("vlan"));
    event.verdict = static_cast<EventVerdict>(200);
    EXPECT_FALSE(describe_finding(event, {key, false, "", "", 0}));
}

TEST_F(FindingLine, IsAsciiWhateverTheName) {
    Event event = blocked_hello();
    put(event.name, "a\"\n\\\xff\xc3\xa9.tiktok.com");
    const auto made = describe_finding(event, {key, false, "", "", 0});
    ASSERT_TRUE(made);
    for (const char each : made->json) ASSERT_TRUE(each >= ' ' && each <= '~');
    EXPECT_TRUE(json::accept(made->json));
}

TEST(DailyKey, NamesTheSameUntilItIsRenewed) {
    DailyKey key, other;
    const std::array<std::byte, 4> address{std::byte{10}, {}, {}, std::byte{1}};
    const std::string before = pseudonym_address(key, address);
    EXPECT_EQ(pseudonym_address(key, address), before);
    EXPECT_NE(pseudonym_address(other, address), before) << "two boxes, two keys";
    EXPECT_NE(key.digest("client", address), key.digest("device", address));
    key.renew();
    EXPECT_NE(pseudonym_address(key, address), before);
}

TEST(EventTimestamp, IsRfc3339InAnyYear) {
    EXPECT_EQ(event_timestamp(0), "1970-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(event_timestamp(-1), "1970-01-01T00:00:00.000000+00:00");
    EXPECT_EQ(event_timestamp(4'102'444'799'999'999'999), "2099-12-31T23:59:59.999999+00:00");
    EXPECT_EQ(event_timestamp(std::numeric_limits<std::int64_t>::max()).size(), 32u);
}

TEST(BoxLines, SayWhatHappened) {
    const LineOrigin origin{1'774'598'400'000'000'000, "box17"};
    const json alarm = json::parse(describe_alarm(origin, "link_down", "pair0 inside: link is down", true).json);
    EXPECT_EQ(alarm["event_type"], "alarm");
    EXPECT_EQ(alarm["alarm"]["state"], "raised");
    EXPECT_EQ(alarm["alarm"]["name"], "link_down");
    const json over = json::parse(describe_alarm(origin, "link_down", "", false).json);
    EXPECT_EQ(over["alarm"]["state"], "cleared");
    const json suppressed = json::parse(describe_suppressed(origin, EventKind::alert, 12, 10).json);
    EXPECT_EQ(suppressed["suppressed"], (json{{"event_type", "alert"}, {"count", 12}, {"seconds", 10}}));
    const json audit = json::parse(describe_audit(origin, {{"who", "uid 0"}, {"before", nullptr}}).json);
    EXPECT_EQ(audit["audit"]["who"], "uid 0");
    const json trace = json::parse(
        describe_audit(origin, {{"what", "trace"}, {"after", {{"client", "192.0.2.7"}, {"port", 443}}}}).json);
    EXPECT_EQ(trace["audit"]["after"], (json{{"client", "withheld"}, {"port", 443}}));
}

/// RFC 5424's ABNF, as far as these messages go: POSIX classes are not wanted in HEADER.
constexpr const char* kRfc5424 =
    "<([0-9]{1,3})>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}\\+00:00 [!-~]{1,255} [!-~]{1,48} "
    "[!-~]{1,128} [!-~]{1,32} - \\{[ -~]*\\}";

TEST(SyslogMessage, IsRfc5424) {
    for (const EventKind kind : {EventKind::alert, EventKind::suppressed}) {
        const EventLine line{kind, Severity::warning, 1'774'598'400'000'000'000, R"({"a":1})"};
        const std::string message = syslog_message(line, {16, "box 17\n", 812});
        EXPECT_THAT(message, MatchesRegex(kRfc5424));
        EXPECT_THAT(message, testing::StartsWith("<132>1 "));
        EXPECT_EQ(syslog_frame(message), std::to_string(message.size()) + " " + message);
    }
    EXPECT_EQ(syslog_word(""), "-");
    EXPECT_EQ(syslog_word(std::string(300, 'x')).size(), 255u);
}

TEST(SyslogTarget, KnowsWhatACollectorIs) {
    for (const char* right : {"192.0.2.7:601", "[2001:db8::7]:601", "logs.example:6514"})
        EXPECT_EQ(SyslogTarget::check(right), "") << right;
    for (const char* wrong : {"", "logs.example", ":601", "a:0", "a:65536", "a:6x", "2001:db8::7:601", "a:"})
        EXPECT_NE(SyslogTarget::check(wrong), "") << wrong;
}

TEST(EventsConfig, ShowsClientsOnlyWithAReasonAndAnEnd) {
    EventsConfig config;
    EXPECT_EQ(check_events(config), "");
    config.clients_in_clear = true;
    EXPECT_THAT(check_events(config), HasSubstr("needs clients_reason and clients_until"));
    config.clients_reason = "INC-4711";
    EXPECT_THAT(check_events(config), HasSubstr("needs"));
    config.clients_until = "2026-13-01";
    EXPECT_THAT(check_events(config), HasSubstr("no date"));
    config.clients_until = "2026-12-01";
    EXPECT_EQ(check_events(config), "");
    config.file = "eve.json";
    EXPECT_THAT(check_events(config), HasSubstr("from the root on"));
}

TEST(EventLimiter, LetsABurstThroughAndThenTheRate) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    EventLimiter limiter(10);
    int admitted = 0;
    for (int i = 0; i < 100; ++i) admitted += limiter.admit(EventKind::alert, kSecond);
    EXPECT_EQ(admitted, 20);
    EXPECT_TRUE(limiter.admit(EventKind::drop, kSecond)) << "each kind has its own";
    for (int i = 0; i < 100; ++i) admitted += limiter.admit(EventKind::alert, 2 * kSecond);
    EXPECT_EQ(admitted, 30);
    const auto suppressed = limiter.take_suppressed();
    ASSERT_EQ(suppressed.size(), 1u);
    EXPECT_EQ(suppressed[0].kind, EventKind::alert);
    EXPECT_EQ(suppressed[0].count, 170u);
    EXPECT_TRUE(limiter.take_suppressed().empty());
    EXPECT_FALSE(limiter.admit(EventKind::alert, kSecond)) << "a clock that goes back gives nothing";
}

}  // namespace
}  // namespace sluis
