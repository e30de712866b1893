#include "control/cli/json.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace sluis {
namespace {

TEST(Json, WritesWhatItReads) {
    const std::string text =
        R"({"z":null,"a":[true,false,-1,18446744073709551615,-9223372036854775808,0.5,1e300,"\u0001é\"\\"],"o":{},"l":[]})";
    EXPECT_EQ(
        Json::parse(text).dump(),
        R"({"z":null,"a":[true,false,-1,18446744073709551615,-9223372036854775808,0.5,1e+300,"\u0001é\"\\"],"o":{},"l":[]})");
    EXPECT_EQ((Json{{"a", Json::array({1, "x"})}, {"b", Json::object()}}).pretty(),
              "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": {}\n}");
}

TEST(Json, IsNullWhereThereIsNoJson) {
    for (const char* text : {"", "{", "{\"a\":1}x", "nope", "\"\xff\""})
        EXPECT_TRUE(Json::parse(text).is_null()) << text;
}

TEST(Json, ReplacesWhatIsNoUtf8) { EXPECT_EQ(Json("a\xff").dump(), "\"a\xef\xbf\xbd\""); }

TEST(Json, ComparesNumbersByWhatTheyAreWorth) {
    EXPECT_EQ(Json(7), Json(std::uint64_t{7}));
    EXPECT_EQ(Json(7), Json(7.0));
    EXPECT_NE(Json(-1), Json(std::numeric_limits<std::uint64_t>::max()));
    EXPECT_NE(Json(1), Json(true));
    EXPECT_NE(Json(0), Json(nullptr));
    EXPECT_NE(Json("7"), Json(7));
    EXPECT_EQ(Json::parse("{\"a\":[1,2.0]}"), (Json{{"a", Json::array({1.0, 2})}}));
}

TEST(Json, TakesNumbersOfWhatIsOne) {
    EXPECT_EQ(Json(2.5).integer(), 2);
    EXPECT_EQ(Json(-3).number(), -3.0);
    EXPECT_EQ(Json("3").number(), 0);
    EXPECT_EQ(Json(true).integer(), 0);
}

TEST(Json, KeepsMembersInTheirOrder) {
    Json object{{"b", 1}, {"a", 2}};
    object["c"]["d"] = "x";
    object["b"] = 3;
    object.update({{"a", 4}, {"e", nullptr}});
    EXPECT_EQ(object.dump(), R"({"b":3,"a":4,"c":{"d":"x"},"e":null})");
    EXPECT_TRUE(object.contains("e"));
    EXPECT_FALSE(object.contains("f"));
    EXPECT_EQ(object.size(), 4u);
}

TEST(Json, HasElementsWhenItIsAnArray) {
    Json array;
    EXPECT_TRUE(array.empty());
    array.push_back(1);
    array.push_back({{"a", "x"}});
    std::string seen;
    for (const Json& each : array) seen += each.text() + ";";
    EXPECT_EQ(seen, R"(1;{"a":"x"};)");
    for (const Json& other : {Json("text"), Json(7), Json{{"a", 1}}, Json()}) EXPECT_EQ(other.begin(), other.end());
}

TEST(Json, IsNullWhereAMemberIsMissing) {
    const Json object{{"a", "line\n"}};
    EXPECT_TRUE(at(object, "b").is_null());
    EXPECT_TRUE(at(at(object, "a"), "b").is_null());
    EXPECT_EQ(text_of(at(object, "b")), "null");
    EXPECT_EQ(text_of(at(object, "a")).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sluis
