#include "dataplane/match/name.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace sluis {
namespace {

std::string wire_name(const std::vector<std::string>& labels) {
    std::string wire;
    for (const auto& label : labels) wire += static_cast<char>(label.size()) + label;
    return wire + '\0';
}

std::string normal_dns(const std::string& wire) {
    char room[kNormalNameLimit];
    return {room, normalise_dns_name(as_bytes(wire), room)};
}

std::string normal_text(std::string_view text) {
    char room[kNormalNameLimit];
    return {room, normalise_text_name(as_bytes(text), room)};
}

struct DnsCase {
    std::vector<std::string> labels;
    std::string normal;
};

TEST(NormaliseDnsName, WritesLabels) {
    using namespace std::string_literals;
    const DnsCase cases[] = {
        {{}, ""},
        {{"tiktok", "com"}, "tiktok.com"},
        {{"TikTok", "COM"}, "tiktok.com"},
        {{"azAZ09-_"}, "azaz09-_"},
        {{"www.tiktok", "com"}, "www\\046tiktok.com"},
        {{"a\\b", "com"}, "a\\092b.com"},
        {{"a\nb", "com"}, "a\\010b.com"},
        {{"w\0w"s, "tiktok", "com"}, "w\\000w.tiktok.com"},
        {{"tiktok\x0e"
          "com"},
         "tiktok\\014com"},
        {{"tikto\xeb", "com"}, "tikto\\235.com"},
        {{"a b\x7f\xff"}, "a\\032b\\127\\255"},
        {{"@[`{"}, "@[`{"},  // the neighbours of A-Z and a-z do not fold
    };
    for (const auto& each : cases) EXPECT_EQ(normal_dns(wire_name(each.labels)), each.normal);
}

TEST(NormaliseDnsName, LongestNameOfEscapesFits) {
    const std::string label(63, '\xff');
    const std::string normal = normal_dns(wire_name({label, label, label, std::string(61, '\xff')}));
    EXPECT_EQ(normal.size(), 250U * 4 + 3);
    EXPECT_LE(normal.size(), kNormalNameLimit);
}

TEST(NormaliseDnsName, StopsAtWhatIsNotWellFormed) {
    EXPECT_EQ(normal_dns(std::string("\x06tik", 4)), "");
    EXPECT_EQ(normal_dns(std::string("\x01"
                                     "a\x03"
                                     "co",
                                     5)),
              "a");
    EXPECT_EQ(normal_dns(std::string("\x03"
                                     "com",
                                     4)),
              "com");  // without the root
    EXPECT_EQ(normal_dns(std::string("\xc0\x0c", 2)), "");
    EXPECT_EQ(normal_dns(""), "");
}

TEST(NormaliseDnsName, ReturnsNothingWhenRoomIsShort) {
    const std::string wire = wire_name({"tiktok", "com"});
    for (std::size_t size = 0; size < 10; ++size) {
        std::vector<char> room(size + 1, '#');
        EXPECT_EQ(normalise_dns_name(as_bytes(wire), std::span(room).first(size)), 0U) << size;
        EXPECT_EQ(room[size], '#');
    }
}

struct TextCase {
    std::string_view text;
    std::string_view normal;
};

TEST(NormaliseTextName, TrimsWhatIsNoName) {
    using namespace std::string_view_literals;
    const TextCase cases[] = {
        {"tiktok.com", "tiktok.com"},
        {"TikTok.COM", "tiktok.com"},
        {"tiktok.com.", "tiktok.com"},
        {"tiktok.com..", "tiktok.com."},
        {"tiktok.com:443", "tiktok.com"},
        {"tiktok.com.:443", "tiktok.com"},
        {"tiktok.com:", "tiktok.com"},
        {"tiktok.com:https", "tiktok.com"},
        {" \t tiktok.com \r\n", "tiktok.com"},
        {"tiktok.com :80", "tiktok.com"},
        {"user:password@tiktok.com:80", "tiktok.com"},
        {"tiktok.com@example.org", "example.org"},
        {"a@b@tiktok.com", "tiktok.com"},
        {"[2001:DB8::1]:443", "[2001:db8::1]"},
        {"[2001:db8::1]", "[2001:db8::1]"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1", "[2001:db8::1"},
        {"[fe80::1%eth0]:443", "[fe80::1%eth0]"},
        {"[::]", "[::]"},
        {"[www.tiktok.com]:443", "www.tiktok.com"},
        {"[www.tiktok.com.]", "www.tiktok.com"},
        {"[www.tiktok.com:443]:443", "www.tiktok.com"},
        {"[]", ""},
        {"192.0.2.1:80", "192.0.2.1"},
        {"a:b:tiktok.com", "a"},
        {"", ""},
        {".", ""},
        {"   ", ""},
        {"a..b", "a..b"},
        {".tiktok.com", ".tiktok.com"},
        {"w\0w.tiktok.com"sv, "w\\000w.tiktok.com"},
        {"tiktok.com\0"sv, "tiktok.com\\000"},
        {"a\nb.com", "a\\010b.com"},
        {"a\\.com", "a\\092.com"},
    };
    for (const auto& each : cases) EXPECT_EQ(normal_text(each.text), each.normal) << each.text;
}

TEST(NormaliseTextName, KeepsTheLastLabelsOfAnOverlongText) {
    EXPECT_EQ(normal_text(std::string(300, 'a') + ".tiktok.com"), ".tiktok.com");
    EXPECT_EQ(normal_text(std::string(300, 'x') + "tiktok.com"), ".com");
    EXPECT_EQ(normal_text(std::string(5000, 'a')), "");
    EXPECT_EQ(normal_text(std::string(244, 'a') + ".tiktok.com").size(), 255U);
    EXPECT_EQ(normal_text(std::string(240, '\xff') + ".tiktok.com").size(), 240U * 4 + 11);
}

std::string slowly(std::string_view text, bool dots_separate) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '\\' && (c != '.' || dots_separate)) {
            out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
        } else {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\%03u", byte);
            out += escape;
        }
    }
    return out;
}

TEST(NormaliseDnsName, EveryByteAtEveryPlace) {
    for (std::size_t length = 1; length <= 40; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (int byte = 0; byte < 256; byte += length < 20 ? 1 : 7) {
                std::string label(length, 'a');
                label[at] = static_cast<char>(byte);
                const std::string wire = std::string("\1X") + static_cast<char>(length) + label + "\2iO" + '\0';
                ASSERT_EQ(normal_dns(wire), "x." + slowly(label, false) + ".io") << length << ' ' << at << ' ' << byte;
            }
}

TEST(NormaliseDnsName, LabelsWhoseLengthIsALetterOrADot) {
    for (const std::size_t length : {std::size_t{'.'}, std::size_t{'0'}, std::size_t{'-'}, std::size_t{63}}) {
        const std::string wire = std::string("\3wWw") + static_cast<char>(length) + std::string(length, 'Q') + '\0';
        EXPECT_EQ(normal_dns(wire), "www." + std::string(length, 'q'));
    }
}

TEST(NormaliseTextName, EveryByteAtEveryPlace) {
    for (std::size_t length = 3; length <= 36; ++length)
        for (std::size_t at = 1; at + 1 < length; ++at)
            for (int byte = 0; byte < 256; ++byte) {
                if (byte == '@' || byte == ':') continue;  // what these cut is above
                std::string text(length, 'B');
                text[at] = static_cast<char>(byte);
                ASSERT_EQ(normal_text(text), slowly(text, true)) << length << ' ' << at << ' ' << byte;
            }
}

TEST(NameBatch, HoldsNamesBetweenNewlines) {
    NameBatch batch;
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.add_text(as_bytes("TikTok.com:443")), 0);
    EXPECT_EQ(batch.add_dns(as_bytes(wire_name({"a\nb", "org"}))), 1);
    EXPECT_EQ(batch.add_dns(as_bytes(wire_name({}))), 2);
    EXPECT_EQ(batch.add_text(as_bytes("x.example")), 3);
    EXPECT_EQ(batch.text(), "\n.tiktok.com\n.a\\010b.org\n.\n.x.example\n");
    ASSERT_EQ(batch.size(), 4U);
    EXPECT_EQ(batch.name(0), "tiktok.com");
    EXPECT_EQ(batch.name(1), "a\\010b.org");
    EXPECT_EQ(batch.name(2), "");
    EXPECT_EQ(batch.name(3), "x.example");
    batch.clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.text(), "\n");
    EXPECT_EQ(batch.add_text(as_bytes("b.example")), 0);
    EXPECT_EQ(batch.text(), "\n.b.example\n");
}

TEST(NameBatch, MapsAMatchsEndToItsName) {
    NameBatch batch;
    std::vector<std::uint64_t> ends;
    for (int i = 0; i < 100; ++i) {
        batch.add_text(as_bytes(std::string(static_cast<std::size_t>(i % 7), 'a')));
        ends.push_back(batch.text().size());
    }
    for (std::uint32_t i = 0; i < ends.size(); ++i) EXPECT_EQ(batch.name_ending_at(ends[i]), i);
}

TEST(NameBatch, RefusesANameMoreThanItHolds) {
    NameBatch batch;
    for (std::uint32_t i = 0; i < NameBatch::kMaxNames; ++i) {
        ASSERT_EQ(batch.add_text(as_bytes("example.com")), static_cast<int>(i));
    }
    EXPECT_EQ(batch.add_text(as_bytes("example.com")), -1);
    EXPECT_EQ(batch.add_dns(as_bytes(wire_name({"a"}))), -1);
    EXPECT_EQ(batch.size(), NameBatch::kMaxNames);
    batch.clear();
    EXPECT_EQ(batch.add_text(as_bytes("example.com")), 0);
}

TEST(NameBatch, RefusesBytesMoreThanItHolds) {
    NameBatch batch;
    const std::string longest =
        wire_name({std::string(63, '\n'), std::string(63, '\n'), std::string(63, '\n'), std::string(61, '\n')});
    int added = 0;
    while (batch.add_dns(as_bytes(longest)) >= 0) ++added;
    EXPECT_GT(added, 60);
    EXPECT_LT(added, static_cast<int>(NameBatch::kMaxNames));
    EXPECT_LE(batch.text().size(), NameBatch::kTextSize);
    for (int i = 0; i < added; ++i) EXPECT_EQ(batch.name(static_cast<std::uint32_t>(i)).size(), 1003U);
}

}  // namespace
}  // namespace sluis
