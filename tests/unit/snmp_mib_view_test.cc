#include "control/snmp/mib_view.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

const Oid kArc{1, 3, 9};
constexpr std::int64_t kNow = 2'000'000;

BoxAnswers answers() {
    BoxAnswers box;
    box.status = json::parse(R"({"version": "1.2", "dataplane": {"running": true, "workers": 2, "moving_workers": 1},
        "hand_over": {"rules_in_use": false}, "alarms": [{"name": "a"}, {"name": "b"}]})");
    box.ruleset = json::parse(R"({"sequence": 202703271530, "created": 1999000, "expires": 1999990, "pending": true})");
    box.stats = json::parse(R"({"total": {"injected_frames": 7, "flows": 5, "names_blocked": {"dns": 3, "tls": 4},
        "names_monitored": {"dns": 18446744073709551615}, "names_allowed": {}}})");
    box.drops = json::parse(R"({"reasons": [{"reason": "rule", "drops": 2, "errors": 0},
        {"reason": "overload_pass", "drops": 1, "errors": 9}]})");
    box.ports = json::parse(R"({"ports": [
        {"pair": "p", "side": "outside", "link": "gone", "rx_bytes": 1, "rx_frames": 2, "tx_bytes": 3, "tx_frames": 4,
         "missed_frames": 5, "link_changes": 6, "mode": "wire"}]})");
    return box;
}

std::string value(const MibView& view, const char* below) {
    Oid oid = kArc;
    const auto rest = parse_oid(below);
    if (rest) oid.insert(oid.end(), rest->begin(), rest->end());
    const auto found = view.find(oid);
    return found == view.end() ? "-" : std::string(found->second.type) + " " + found->second.text;
}

struct Row {
    const char* oid;
    const char* value;
};

TEST(MibViewTest, HasWhatTheApiAnswered) {
    const MibView view = make_mib_view(kArc, answers(), kNow);
    const Row kRows[] = {
        {"1.1.0", "integer 1"},       {"1.2.0", "string 1.2"},
        {"1.3.0", "integer 1"},       {"1.4.0", "gauge 2"},
        {"1.5.0", "gauge 1"},         {"1.6.0", "gauge 2"},
        {"1.7.0", "string a b"},      {"2.1.0", "string 202703271530"},
        {"2.2.0", "gauge 1000"},      {"2.3.0", "integer -10"},
        {"2.4.0", "integer 1"},       {"2.5.0", "integer 2"},
        {"3.1.0", "counter64 7"},     {"3.2.0", "counter64 18446744073709551615"},
        {"3.3.0", "counter64 0"},     {"3.4.0", "counter64 3"},
        {"3.5.0", "counter64 7"},     {"3.6.0", "gauge 5"},
        {"3.7.0", "counter64 9"},     {"4.1.1.2.1", "string p"},
        {"4.1.1.3.1", "integer 2"},   {"4.1.1.4.1", "integer 6"},
        {"4.1.1.5.1", "counter64 1"}, {"4.1.1.6.1", "counter64 2"},
        {"4.1.1.7.1", "counter64 3"}, {"4.1.1.8.1", "counter64 4"},
        {"4.1.1.9.1", "counter64 5"}, {"4.1.1.10.1", "counter64 6"},
        {"4.1.1.11.1", "integer 3"},
    };
    for (const Row& row : kRows) EXPECT_EQ(value(view, row.oid), row.value) << row.oid;
    EXPECT_EQ(view.size(), std::size(kRows));
}

TEST(MibViewTest, WithoutAnswersSaysThatThereAreNone) {
    const MibView view = make_mib_view(kArc, {}, kNow);
    EXPECT_EQ(view.size(), 1U);
    EXPECT_EQ(value(view, "1.1.0"), "integer 2");
}

TEST(MibViewTest, LeavesOutWhatHasAnotherShape) {
    for (const char* odd : {"[]", "\"x\"", "7", "{\"ports\": 3}", R"({"ports": [7, null, {}], "reasons": [[], 1],
            "total": {"names_blocked": ["x", -1], "flows": -3}, "sequence": "x", "alarms": 1, "dataplane": []})"}) {
        const json answer = json::parse(odd);
        EXPECT_GE(make_mib_view(kArc, {answer, answer, answer, answer, answer}, kNow).size(), 1U) << odd;
    }
    EXPECT_EQ(value(make_mib_view(kArc, {7, {}, {}, {}, {}}, kNow), "1.1.0"), "integer 2");
}

TEST(MibViewTest, TextsAreOneBoundedLine) {
    BoxAnswers box = answers();
    box.status["version"] = "a\n\x1b[2J" + std::string(1000, 'x');
    const std::string text = value(make_mib_view(kArc, box, kNow), "1.2.0");
    EXPECT_EQ(text.size(), std::string("string ").size() + kMibTextLimit);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(MibViewTest, PortsAreBounded) {
    BoxAnswers box = answers();
    const json port = box.ports["ports"][0];
    for (int i = 0; i < 500; ++i) box.ports["ports"].push_back(port);
    const MibView view = make_mib_view(kArc, box, kNow);
    EXPECT_EQ(value(view, "4.1.1.2.64"), "string p");
    EXPECT_EQ(value(view, "4.1.1.2.65"), "-");
}

TEST(OidTest, IsReadStrictly) {
    EXPECT_EQ(parse_oid(".1.3.4294967295"), (Oid{1, 3, 4294967295U}));
    EXPECT_EQ(parse_oid("1"), Oid{1});
    for (const char* wrong :
         {"", ".", "..1", "1.", "1..2", "1.4294967296", "1.-2", "1.+2", "1. 2", "1.2 ", "a", "0x1", "1,2"})
        EXPECT_FALSE(parse_oid(wrong)) << wrong;
    std::string longest = "1";
    for (std::size_t i = 1; i < kOidArcs; ++i) longest += ".1";
    EXPECT_TRUE(parse_oid(longest));
    EXPECT_FALSE(parse_oid(longest + ".1"));
    EXPECT_EQ(oid_text({1, 3, 4294967295U}), ".1.3.4294967295");
}

}  // namespace
}  // namespace sluis
