// HPACK against the examples of RFC 7541, appendix C, and against what only an attacker sends.
#include "dataplane/protocol/hpack.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "dataplane/protocol/hpack_static_table.h"

namespace sluis {
namespace {

using namespace std::string_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

class Collector final : public HpackFieldVisitor {
public:
    Reason on_field(const HpackField& field) noexcept override {
        fields.emplace_back(as_text(field.name), as_text(field.value));
        return stop_at == fields.size() ? Reason::name_limit : Reason::none;
    }
    Fields fields;
    std::size_t stop_at = 0;
};

/// A decoder that is given exactly the scratch that it asks for.
struct Connection {
    HpackDecoder decoder;
    Fields fields;

    Reason decode(const std::string& block) {
        std::vector<std::byte> scratch(hpack_scratch_size(block.size()));
        Collector collector;
        const Reason reason = decoder.decode(as_bytes(block), scratch, collector);
        fields = collector.fields;
        return reason;
    }
    Fields table() const {
        Fields entries;
        for (std::size_t i = 1; i <= decoder.table().count(); ++i)
            entries.emplace_back(as_text(decoder.table()[i].name), as_text(decoder.table()[i].value));
        return entries;
    }
};

struct Example {
    const char* hex;
    Fields fields;
    Fields table;  ///< newest first
    std::size_t table_size;
};
struct Series {
    const char* section;
    std::size_t table_limit;
    std::vector<Example> blocks;
};

const Fields kRequest1{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}};
const Fields kRequest2{{":method", "GET"},
                       {":scheme", "http"},
                       {":path", "/"},
                       {":authority", "www.example.com"},
                       {"cache-control", "no-cache"}};
const Fields kRequest3{{":method", "GET"},
                       {":scheme", "https"},
                       {":path", "/index.html"},
                       {":authority", "www.example.com"},
                       {"custom-key", "custom-value"}};
const Fields kRequestTable1{{":authority", "www.example.com"}};
const Fields kRequestTable2{{"cache-control", "no-cache"}, {":authority", "www.example.com"}};
const Fields kRequestTable3{
    {"custom-key", "custom-value"}, {"cache-control", "no-cache"}, {":authority", "www.example.com"}};

const std::string kDate1 = "Mon, 21 Oct 2013 20:13:21 GMT", kDate2 = "Mon, 21 Oct 2013 20:13:22 GMT";
const std::string kSite = "https://www.example.com";
const std::string kCookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const Fields kResponse1{{":status", "302"}, {"cache-control", "private"}, {"date", kDate1}, {"location", kSite}};
const Fields kResponse2{{":status", "307"}, {"cache-control", "private"}, {"date", kDate1}, {"location", kSite}};
const Fields kResponse3{{":status", "200"},  {"cache-control", "private"}, {"date", kDate2},
                        {"location", kSite}, {"content-encoding", "gzip"}, {"set-cookie", kCookie}};
const Fields kResponseTable1{{"location", kSite}, {"date", kDate1}, {"cache-control", "private"}, {":status", "302"}};
const Fields kResponseTable2{{":status", "307"}, {"location", kSite}, {"date", kDate1}, {"cache-control", "private"}};
const Fields kResponseTable3{{"set-cookie", kCookie}, {"content-encoding", "gzip"}, {"date", kDate2}};

const std::vector<Series> kExamples{
    {"C.2.1",
     4096,
     {{"400a637573746f6d2d6b65790d637573746f6d2d686561646572",
       {{"custom-key", "custom-header"}},
       {{"custom-key", "custom-header"}},
       55}}},
    {"C.2.2", 4096, {{"040c2f73616d706c652f70617468", {{":path", "/sample/path"}}, {}, 0}}},
    {"C.2.3", 4096, {{"100870617373776f726406736563726574", {{"password", "secret"}}, {}, 0}}},
    {"C.2.4", 4096, {{"82", {{":method", "GET"}}, {}, 0}}},
    {"C.3",
     4096,
     {{"828684410f7777772e6578616d706c652e636f6d", kRequest1, kRequestTable1, 57},
      {"828684be58086e6f2d6361636865", kRequest2, kRequestTable2, 110},
      {"828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", kRequest3, kRequestTable3, 164}}},
    {"C.4",
     4096,
     {{"828684418cf1e3c2e5f23a6ba0ab90f4ff", kRequest1, kRequestTable1, 57},
      {"828684be5886a8eb10649cbf", kRequest2, kRequestTable2, 110},
      {"828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", kRequest3, kRequestTable3, 164}}},
    {"C.5",
     256,
     {{"4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17687474"
       "70733a2f2f7777772e6578616d706c652e636f6d",
       kResponse1, kResponseTable1, 222},
      {"4803333037c1c0bf", kResponse2, kResponseTable2, 222},
      {"88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a"
       "4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
       kResponse3, kResponseTable3, 215}}},
    {"C.6",
     256,
     {{"488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae"
       "82ae43d3",
       kResponse1, kResponseTable1, 222},
      {"4883640effc1c0bf", kResponse2, kResponseTable2, 222},
      {"88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960"
       "d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
       kResponse3, kResponseTable3, 215}}},
};

TEST(Hpack, DecodesTheExamplesOfTheRfc) {
    for (const Series& series : kExamples) {
        SCOPED_TRACE(series.section);
        Connection connection;
        // C.5 and C.6 begin with SETTINGS_HEADER_TABLE_SIZE 256; a size update does the same.
        if (series.table_limit == 256) {
            ASSERT_EQ(connection.decode("\x3f\xe1\x01"), Reason::none);
        }
        for (const Example& block : series.blocks) {
            SCOPED_TRACE(block.hex);
            ASSERT_EQ(connection.decode(from_hex(block.hex)), Reason::none);
            EXPECT_EQ(connection.fields, block.fields);
            EXPECT_EQ(connection.table(), block.table);
            EXPECT_EQ(connection.decoder.table().size(), block.table_size);
        }
    }
}

/// RFC 7541, C.1.2: 1337 with a five-bit prefix, as a table size here.
TEST(Hpack, ReadsIntegersOfSeveralBytes) {
    Connection connection;
    ASSERT_EQ(connection.decode("\x3f\x9a\x0a"), Reason::none);
    // 1337 - 32 - 1 bytes of value fill the table; one more does not fit.
    const auto literal = [](std::size_t length) {
        const std::size_t rest = length - 127;
        return "\x40\x01z\x7f"s + static_cast<char>(0x80 | (rest & 0x7f)) + static_cast<char>(rest >> 7) +
               std::string(length, 'v');
    };
    ASSERT_EQ(connection.decode(literal(1337 - 33)), Reason::none);
    EXPECT_EQ(connection.decoder.table().size(), 1337u);
    ASSERT_EQ(connection.decode(literal(1337 - 32)), Reason::none);
    EXPECT_EQ(connection.decoder.table().count(), 0u);
}

TEST(Hpack, KnowsTheStaticTable) {
    Connection connection;
    for (std::size_t i = 0; i < kHpackStaticTable.size(); ++i) {
        ASSERT_EQ(connection.decode(std::string(1, static_cast<char>(0x81 + i))), Reason::none);
        EXPECT_EQ(connection.fields,
                  (Fields{{std::string(kHpackStaticTable[i].name), std::string(kHpackStaticTable[i].value)}}));
    }
}

struct Malformed {
    const char* what;
    std::string block;
    Reason reason = Reason::http_malformed;
};

const std::vector<Malformed> kMalformed{
    {"index 0", "\x80"s},
    {"an index beyond an empty table", "\xbe"s},
    {"an index far beyond", "\xff\xff\x7f"s},
    {"a name index beyond the table", "\x7e\x01z"s},
    {"an integer that ends early", "\xff"s},
    {"an integer that ends early, later", "\xff\x80"s},
    {"an integer without end", "\xff\x80\x80\x80\x80\x80\x80\x00"s},
    {"an integer above 32 bits", "\xff\xff\xff\xff\xff\xff\x0f"s},
    {"no name", "\x40"s},
    {"a name that is cut off", "\x40\x05host"s},
    {"no value", "\x40\x01z"s},
    {"a value that is cut off", "\x40\x01z\x02v"s},
    {"a size update after a field", "\x82\x20"s},
    {"a size update above the limit", "\x3f\xe2\x1f"s, Reason::stream_limit},
    {"a size update far above", "\x3f\xff\xff\xff\x7f"s, Reason::stream_limit},
    {"padding of zeros", "\x40\x01z\x81\x18"s},
    {"padding of a whole byte", "\x40\x01z\x82\x1f\xff"s},
    {"the end of a string inside one", "\x40\x01z\x84\xff\xff\xff\xff"s},
};

TEST(Hpack, RefusesWhatServersRefuse) {
    for (const Malformed& row : kMalformed) {
        SCOPED_TRACE(row.what);
        Connection connection;
        EXPECT_EQ(connection.decode(row.block), row.reason);
    }
}

TEST(Hpack, TakesTheLargestTable) {
    Connection connection;
    EXPECT_EQ(connection.decode("\x20\x3f\xe1\x1f\x82"s), Reason::none);  // to 0, then to 4096
    EXPECT_EQ(connection.fields, (Fields{{":method", "GET"}}));
}

TEST(Hpack, ASizeUpdateEvicts) {
    Connection connection;
    ASSERT_EQ(connection.decode("\x40\x01"
                                "a\x01"
                                "1\x40\x01"
                                "b\x01"
                                "2"s),
              Reason::none);
    ASSERT_EQ(connection.decode("\x3f\x03\xbe"s), Reason::none);  // 34 bytes: the newest stays
    EXPECT_EQ(connection.fields, (Fields{{"b", "2"}}));
    EXPECT_EQ(connection.decode("\xbf"s), Reason::http_malformed);
    Connection other;
    ASSERT_EQ(other.decode("\x40\x01"
                           "a\x01"
                           "1"s),
              Reason::none);
    EXPECT_EQ(other.decode("\x20\x3f\xe1\x1f\xbe"s), Reason::http_malformed);
}

/// RFC 7541, section 4.4: the entry that gives its name leaves for the new one, and another takes its place in memory.
TEST(Hpack, TheNameOfAnEntryOutlivesIt) {
    Connection connection;
    const std::string name(100, 'n'), value(100, 'v'), large(3700, 'y');
    ASSERT_EQ(connection.decode("\x40\x64" + name + "\x64" + value), Reason::none);
    ASSERT_EQ(connection.decode("\x40\x01y\x7f\xf5\x1b" + large), Reason::none);
    ASSERT_EQ(connection.decoder.table().count(), 2u);
    ASSERT_EQ(connection.decode("\x7f\x00\x78"s + std::string(120, 'w')), Reason::none);  // the name of entry 63
    EXPECT_EQ(connection.fields, (Fields{{name, std::string(120, 'w')}}));
    EXPECT_EQ(connection.table(), (Fields{{name, std::string(120, 'w')}, {"y", large}}));
}

/// Entries of all sizes go round and round; a plain list says what must be there.
TEST(Hpack, KeepsTheTableOverManyEntries) {
    Connection connection;
    Fields expected;
    std::size_t size = 0;
    std::uint32_t random = 1;
    for (int i = 0; i < 5000; ++i) {
        random = random * 1664525 + 1013904223;
        const std::size_t length = random >> 20 & (random >> 28 == 0 ? 0x7ff : 0x3f);
        const std::string name = "n" + std::to_string(i);
        std::string value(length, static_cast<char>('a' + i % 26));
        std::string block = "\x40"s + static_cast<char>(name.size()) + name;
        if (length < 127)
            block += static_cast<char>(length);
        else
            block +=
                "\x7f"s + static_cast<char>(0x80 | ((length - 127) & 0x7f)) + static_cast<char>((length - 127) >> 7);
        ASSERT_EQ(connection.decode(block + value), Reason::none);
        expected.insert(expected.begin(), {name, value});
        size += name.size() + length + 32;
        while (size > 4096) {
            size -= expected.back().first.size() + expected.back().second.size() + 32;
            expected.pop_back();
        }
        ASSERT_EQ(connection.table(), expected) << i;
        ASSERT_EQ(connection.decoder.table().size(), size);
    }
}

TEST(Hpack, HoldsAsManyEntriesAsFit) {
    Connection connection;
    std::string block;
    for (int i = 0; i < 130; ++i) block += "\x40\x00\x00"s;
    ASSERT_EQ(connection.decode(block), Reason::none);
    EXPECT_EQ(connection.decoder.table().count(), 128u);
    EXPECT_EQ(connection.decode("\xff\x3e"s), Reason::none);  // 189, the oldest
    EXPECT_EQ(connection.decode("\xff\x3f"s), Reason::http_malformed);
}

/// A few bytes that stand for many.
TEST(Hpack, LimitsTheHeaderList) {
    Connection connection;
    const std::string value(4000, 'v');
    ASSERT_EQ(connection.decode("\x40\x01z\x7f\xa1\x1e" + value), Reason::none);
    EXPECT_EQ(connection.decode(std::string(16, '\xbe')), Reason::none);
    EXPECT_EQ(connection.decode(std::string(17, '\xbe')), Reason::stream_limit);
}

TEST(Hpack, StopsWhereTheVisitorSays) {
    HpackDecoder decoder;
    Collector collector;
    collector.stop_at = 2;
    std::vector<std::byte> scratch(hpack_scratch_size(3));
    EXPECT_EQ(decoder.decode(as_bytes("\x82\x86\x84"), scratch, collector), Reason::name_limit);
    EXPECT_EQ(collector.fields.size(), 2u);
}

TEST(Hpack, NeedsItsScratch) {
    HpackDecoder decoder;
    Collector collector;
    const std::string block = from_hex("418cf1e3c2e5f23a6ba0ab90f4ff");
    std::vector<std::byte> scratch(10 + 14);
    EXPECT_EQ(decoder.decode(as_bytes(block), scratch, collector), Reason::stream_limit);
    scratch.resize(10 + 15);
    EXPECT_EQ(decoder.decode(as_bytes(block), scratch, collector), Reason::none);
}

/// Every symbol with its code of RFC 7541, appendix B, as another implementation writes it.
TEST(HpackHuffman, DecodesEverySymbol) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    const std::string encoded = from_hex(
        "ffc7fffd8fffffe2fffffe3fffffe4fffffe5fffffe6fffffe7fffffe8ffffeafffffff3fffffa7fffffabffffffdfffffeb"
        "fffffecfffffedfffffeefffffefffffff0ffffff1ffffff2fffffffbfffffcffffffd3fffffd7fffffdbfffffdffffffe3f"
        "ffffe7fffffebfffffed4fe3f9ffaffcabf1febfafefe7fdfd2cbb00089969b71d79fb9f7fff20ffbff3ff50ddbd7f061c58"
        "f265cd9f469d5af66dddbf871e5f9cff7ff7fffc3ff9ffe45fff4719242cb34e6e9d68a6a3d7dac426defe3cfaf7fffbfe7f"
        "fbffdffffffcfffe6ffff4bfff9ffffa3fffd3ffff53fffd5ffffb3fffeb7fffdaffffb7ffff73fffeeffffdeffffebffffb"
        "fffffd9ffffdbfffebffffe0ffffeeffffc3ffff8bffff1ffffe4fffee7fffb1ffff97fffd9ffffcdffff9fffffbffffdaff"
        "feeffff4ffffb7fffee7fffe8ffffd3fffdeffffd5fffeeffffbdffffe1fffdfffff7fffff5ffffecffff07fff87fffe0fff"
        "f17fffedffff87ffff77fffeffffeaffff8bfffe3ffff93ffff87fffcbffff37ffff1fffff83ffffe1fffebfffe3ffff3fff"
        "ff2ffffa3ffffd9fffff17ffffc7fffff27ffffdefffffbffffff2fffff8fffffb7fff97fff8fffffe6fffffc1fffff87fff"
        "fe7fffffc5ffffe5fffe4ffff2fffffd1fffff4ffffffefffffe3fffffc9fffff97fffb3ffffcffffb7fffcdffff4ffff9ff"
        "ffd1ffffcffffeaffffafffffddffffeffffff4fffff5fffffabffffa7ffffd7fffff9bffffecfffffb7fffff3fffffe8fff"
        "ffd3fffffabfffff5fffffff7ffffecfffffdbfffffbbfffff7ffffff0fffffbbf");
    std::vector<std::byte> room(hpack_huffman_limit(encoded.size()));
    const auto size = decode_hpack_huffman(as_bytes(encoded), room);
    ASSERT_TRUE(size);
    EXPECT_EQ(as_text(Bytes(room).first(*size)), all);
}

TEST(HpackHuffman, NeedsRoomForEverySymbol) {
    std::vector<std::byte> room(8);
    const std::string zeros(5, '\0');  // eight times "0"
    ASSERT_EQ(decode_hpack_huffman(as_bytes(zeros), room).value_or(0), 8u);
    EXPECT_EQ(decode_hpack_huffman(as_bytes(zeros), MutableBytes(room).first(7)).error(), Reason::stream_limit);
    EXPECT_EQ(decode_hpack_huffman({}, {}).value_or(1), 0u);
}

}  // namespace
}  // namespace sluis
