// HTTP/2 frames of a client: which are frames at all, and what header blocks are in them.
#include "dataplane/protocol/http2_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using namespace std::string_literals;

constexpr int kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPush = 5, kPing = 6, kGoaway = 7,
              kWindow = 8, kContinuation = 9, kExtension = 0x20;

std::string frame_header(std::size_t length, int type, int flags, std::uint32_t stream) {
    std::string bytes;
    for (int shift : {16, 8, 0}) bytes += static_cast<char>(length >> shift);
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(flags);
    for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
    return bytes;
}
std::string frame(int type, int flags, std::uint32_t stream, const std::string& payload) {
    return frame_header(payload.size(), type, flags, stream) + payload;
}

struct HeaderRow {
    std::size_t length;
    int type;
    std::uint32_t stream;
    bool acceptable;
};
const std::vector<HeaderRow> kHeaderRows{
    {0, kData, 1, true},           {0xff'ffff, kData, 1, true},  // a server may have announced so
    {0, kData, 0, false},          {16384, kHeaders, 1, true},   {16385, kHeaders, 1, false},
    {0, kHeaders, 0, false},       {5, kPriority, 3, true},      {4, kPriority, 3, false},
    {5, kPriority, 0, false},      {4, kReset, 1, true},         {5, kReset, 1, false},
    {4, kReset, 0, false},         {0, kSettings, 0, true},      {18, kSettings, 0, true},
    {7, kSettings, 0, false},      {6, kSettings, 1, false},     {16386, kSettings, 0, false},
    {4, kPush, 1, false},          {8, kPing, 0, true},          {7, kPing, 0, false},
    {8, kPing, 1, false},          {8, kGoaway, 0, true},        {100, kGoaway, 0, true},
    {7, kGoaway, 0, false},        {8, kGoaway, 1, false},       {4, kWindow, 0, true},
    {4, kWindow, 7, true},         {3, kWindow, 0, false},       {10, kContinuation, 1, true},
    {10, kContinuation, 0, false}, {16384, kExtension, 0, true}, {16384, kExtension, 9, true},
    {16385, kExtension, 9, false},
};

TEST(Http2Frame, TakesTheHeadersThatServersTake) {
    for (const HeaderRow& row : kHeaderRows) {
        SCOPED_TRACE(testing::Message() << "type " << row.type << " length " << row.length << " stream " << row.stream);
        for (const std::uint32_t reserved : {0u, 0x8000'0000u}) {
            const std::string bytes = frame_header(row.length, row.type, 0x25, row.stream | reserved);
            const auto header = read_http2_frame_header(as_bytes(bytes));
            ASSERT_EQ(header.has_value(), row.acceptable);
            if (!header) {
                EXPECT_EQ(header.error(), Reason::http_malformed);
                continue;
            }
            EXPECT_EQ(header->length, row.length);
            EXPECT_EQ(header->type, static_cast<Http2FrameType>(row.type));
            EXPECT_EQ(header->flags, 0x25);
            EXPECT_EQ(header->stream, row.stream);
            EXPECT_EQ(header->size(), row.length + 9);
        }
    }
}

TEST(Http2Frame, WaitsForAWholeHeader) {
    const std::string bytes = frame_header(16385, kHeaders, 0, 0);
    for (std::size_t size = 0; size < 9; ++size)
        EXPECT_EQ(read_http2_frame_header(as_bytes(bytes.substr(0, size))).error(), Reason::incomplete);
}

/// A server that does not know HTTP/2 may refuse the preface and read on.
TEST(Http2Frame, NoTextIsAFrame) {
    for (const char* text : {"GET / HTTP/1.1\r\n", "POST /a HTTP/1.1\r\n", "\r\nGET / HTTP/1.0\r\n",
                             "   GET / HTTP/1.1", "\t\n\r\n\n\r\n\n\r\n"}) {
        EXPECT_EQ(read_http2_frame_header(as_bytes(text)).error(), Reason::http_malformed) << text;
    }
}

struct FragmentRow {
    int flags;
    std::string payload;
    const char* fragment;  ///< null: malformed
};
const std::vector<FragmentRow> kFragmentRows{
    {0x00, "abc", "abc"},
    {0x05, "", ""},
    {kHttp2Padded, "\2abc\0\0"s, "abc"},
    {kHttp2Padded, "\0abc"s, "abc"},
    {kHttp2Padded, "\3abc", ""},
    {kHttp2Padded, "\4abc", nullptr},
    {kHttp2Padded, "\xff", nullptr},
    {kHttp2Padded, "", nullptr},
    {kHttp2Priority, "ppppwabc", "abc"},
    {kHttp2Priority, "ppppw", ""},
    {kHttp2Priority, "pppp", nullptr},
    {kHttp2Padded | kHttp2Priority, "\2ppppwabc\0\0"s, "abc"},
    {kHttp2Padded | kHttp2Priority, "\2ppppw\0\0"s, ""},
    {kHttp2Padded | kHttp2Priority, "\2ppppw\0"s, nullptr},
    {kHttp2Padded | kHttp2Priority, "\0pppp"s, nullptr},
};

TEST(Http2Frame, FindsTheFragment) {
    for (const FragmentRow& row : kFragmentRows) {
        SCOPED_TRACE(testing::Message() << row.flags << ' ' << row.payload);
        const std::string bytes = frame(kHeaders, row.flags, 1, row.payload);
        const auto header = read_http2_frame_header(as_bytes(bytes));
        ASSERT_TRUE(header);
        const auto fragment = http2_headers_fragment(*header, as_bytes(bytes).subspan(9));
        ASSERT_EQ(fragment.has_value(), row.fragment != nullptr);
        if (fragment) {
            EXPECT_EQ(as_text(*fragment), row.fragment);
        } else {
            EXPECT_EQ(fragment.error(), Reason::http_malformed);
        }
    }
}

struct BlockRow {
    const char* what;
    std::string frames;
    const char* block;  ///< null: fails with `reason`
    Reason reason = Reason::none;
};
const std::vector<BlockRow> kBlocks{
    {"one frame", frame(kHeaders, 0x05, 1, "abc"), "abc"},
    {"one empty frame", frame(kHeaders, 0x04, 1, ""), ""},
    {"two frames", frame(kHeaders, 0x01, 1, "abc") + frame(kContinuation, 0x04, 1, "def"), "abcdef"},
    {"padding in the first only", frame(kHeaders, 0x09, 1, "\1abc\0"s) + frame(kContinuation, 0x0c, 1, "\1def"),
     "abc\1def"},
    {"priority", frame(kHeaders, 0x20, 1, "ppppwabc") + frame(kContinuation, 0x24, 1, "def"), "abcdef"},
    {"empty frames",
     frame(kHeaders, 0, 1, "") + frame(kContinuation, 0, 1, "") + frame(kContinuation, 0, 1, "x") +
         frame(kContinuation, 4, 1, ""),
     "x"},
    {"another stream", frame(kHeaders, 0, 1, "a") + frame(kContinuation, 4, 3, "b"), nullptr, Reason::http_malformed},
    {"a frame between", frame(kHeaders, 0, 1, "a") + frame(kPing, 0, 0, "12345678"), nullptr, Reason::http_malformed},
    {"an extension between", frame(kHeaders, 0, 1, "a") + frame(kExtension, 0, 1, "x"), nullptr,
     Reason::http_malformed},
    {"HEADERS twice", frame(kHeaders, 0, 1, "a") + frame(kHeaders, 4, 1, "b"), nullptr, Reason::http_malformed},
    {"too much padding", frame(kHeaders, 0x0c, 1, "\5abc"), nullptr, Reason::http_malformed},
    {"too much padding, joined", frame(kHeaders, 8, 1, "\5abc") + frame(kContinuation, 4, 1, "b"), nullptr,
     Reason::http_malformed},
    {"the longest", frame(kHeaders, 4, 1, std::string(kHttp2BlockLimit - 9, 'x')), "*"},
    {"too long", frame(kHeaders, 4, 1, std::string(kHttp2BlockLimit - 8, 'x')), nullptr, Reason::stream_limit},
    {"too long together",
     frame(kHeaders, 0, 1, std::string(10000, 'x')) + frame(kContinuation, 4, 1, std::string(7000, 'x')), nullptr,
     Reason::stream_limit},
};

TEST(Http2HeaderBlock, JoinsItsFrames) {
    std::vector<std::byte> room(kHttp2BlockLimit);
    for (const BlockRow& row : kBlocks) {
        SCOPED_TRACE(row.what);
        const std::string stream = row.frames + "more";
        std::uint32_t scanned = 0;
        const auto block = read_http2_header_block(as_bytes(stream), scanned, room);
        ASSERT_EQ(block.has_value(), row.block != nullptr);
        if (!block) {
            EXPECT_EQ(block.error(), row.reason);
            continue;
        }
        EXPECT_EQ(block->end, row.frames.size());
        if (row.block != "*"s) {
            EXPECT_EQ(as_text(block->fragments), row.block);
        }
    }
}

TEST(Http2HeaderBlock, ComesToTheSameByteByByte) {
    std::vector<std::byte> room(kHttp2BlockLimit);
    for (const BlockRow& row : kBlocks) {
        SCOPED_TRACE(row.what);
        std::uint32_t scanned = 0;
        auto block = Result<Http2HeaderBlock>(Failure(Reason::incomplete));
        for (std::size_t size = 9; size <= row.frames.size() && !block && block.error() == Reason::incomplete; ++size)
            block = read_http2_header_block(as_bytes(row.frames).first(size), scanned, room);
        ASSERT_EQ(block.has_value(), row.block != nullptr);
        if (!block) {
            EXPECT_EQ(block.error(), row.reason);
        } else {
            EXPECT_EQ(block->end, row.frames.size());
        }
    }
}

TEST(Http2HeaderBlock, TooLongIsKnownBeforeItCame) {
    std::uint32_t scanned = 0;
    const std::string header = frame_header(kHttp2FrameLimit, kHeaders, 4, 1);
    EXPECT_EQ(read_http2_header_block(as_bytes(header), scanned, {}).error(), Reason::stream_limit);
}

TEST(Http2HeaderBlock, NeedsRoomToJoin) {
    const std::string frames = frame(kHeaders, 0, 1, "abc") + frame(kContinuation, 4, 1, "def");
    std::vector<std::byte> room(5);
    std::uint32_t scanned = 0;
    EXPECT_EQ(read_http2_header_block(as_bytes(frames), scanned, room).error(), Reason::stream_limit);
}

}  // namespace
}  // namespace sluis
