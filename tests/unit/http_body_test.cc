// Chunked bodies: where the next request begins.
#include "dataplane/protocol/http_body.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluis {
namespace {

using namespace std::string_literals;

constexpr Reason kBad = Reason::http_malformed;

struct Chunked {
    std::string bytes;
    Reason reason = Reason::none;
};

// The servers are those of http_request_test.cc; "all" took the body and refused nothing.
const std::vector<Chunked> kChunked{
    {"0\r\n\r\n"},                // all
    {"5\r\nhello\r\n0\r\n\r\n"},  // all
    {"1\r\nx\r\nA\r\n0123456789\r\n0b\r\n01234567890\r\n0\r\n\r\n"},
    {"0001\r\nx\r\n00\r\n\r\n"},                       // all
    {"1;a=b\r\nx\r\n0;c\r\n\r\n"},                     // all
    {"1 \r\nx\r\n0\t\r\n\r\n"},                        // all
    {"1\nx\n0\n\n"},                                   // all but Apache
    {"1\r\nx\r\n0\r\nHost: ok.test\r\nA: b\r\n\r\n"},  // all
    {"10\r\n0\r\n\r\nGET / HTTP\r\n0\r\n\r\n"},        // data that looks like an end
    {"000000000000000000000000000001\r\nx\r\n0\r\n\r\n"},
    {"1;a\nx\r\n0\r\n\r\n", kBad},  // a bare LF after an extension
    {"1\r\nx0\r\n\r\n", kBad},      // nginx and Apache refuse
    {"1\r\nx\r0\r\n\r\n", kBad},
    {"0x1\r\nx\r\n0\r\n\r\n", kBad},  // nginx and Apache refuse
    {" 1\r\nx\r\n0\r\n\r\n", kBad},   // nginx and Apache refuse
    {"\r\n1\r\nx\r\n", kBad},
    {"-1\r\nx\r\n", kBad},
    {";a\r\nx\r\n", kBad},
    {"1 2\r\nx\r\n", kBad},
    {"1\r2\r\nx\r\n", kBad},
    {"1;\0\r\nx\r\n"s, kBad},
    {"0\r\nA: b\rc\r\n\r\n", kBad},
    {"80000001\r\n", kBad},
    {"100000000\r\n", kBad},
    {"1000000000000000\r\n", kBad},  // 2^60
    {"ffffffffffffffffffffffff0\r\n", kBad},
    {"10000000000000000\r\nx\r\n", kBad},  // 2^64
    {"1;" + std::string(kHttpChunkLineLimit, 'a') + "\r\nx\r\n", kBad},
    {"0\r\nA: " + std::string(kHttpChunkLineLimit, 'a') + "\r\n\r\n", kBad},
};

TEST(HttpChunkReader, FindsTheEnd) {
    for (const Chunked& row : kChunked) {
        SCOPED_TRACE(row.bytes.substr(0, 80));
        const std::string stream = row.bytes + "GET / HTTP/1.1\r\n";
        HttpChunkReader reader;
        const auto ended = reader.advance(as_bytes(stream));
        ASSERT_EQ(ended.has_value(), row.reason == Reason::none);
        if (!ended) {
            EXPECT_EQ(name(ended.error()), name(row.reason));
        }
        if (ended) {
            EXPECT_TRUE(*ended);
        }
        if (ended) {
            EXPECT_EQ(reader.next, row.bytes.size());
        }
    }
}

TEST(HttpChunkReader, ReadsByteByByteAsInOnePiece) {
    for (const Chunked& row : kChunked) {
        SCOPED_TRACE(row.bytes.substr(0, 80));
        HttpChunkReader reader;
        Result<bool> ended = Failure(Reason::incomplete);
        std::size_t size = 0;
        while (!ended && ended.error() == Reason::incomplete && size < row.bytes.size()) {
            const std::string part = row.bytes.substr(0, ++size);
            ended = reader.advance(as_bytes(part));
        }
        ASSERT_EQ(ended.has_value(), row.reason == Reason::none);
        if (!ended) {
            EXPECT_EQ(name(ended.error()), name(row.reason));
        }
        if (ended) {
            EXPECT_EQ(size, row.bytes.size());
        }
    }
}

TEST(HttpChunkReader, NeedsNoData) {
    HttpChunkReader reader;
    const std::string header = "7fff0000\r\n";
    EXPECT_EQ(reader.advance(as_bytes(header)).error(), Reason::incomplete);
    EXPECT_EQ(reader.next, 0x7fff0000U + header.size());
    // The caller keeps the stream from `next` on only.
    reader.next = 0;
    const std::string rest = "\r\n0\r\n\r\n";
    EXPECT_EQ(reader.advance(as_bytes(rest)), true);
    EXPECT_EQ(reader.next, rest.size());
}

TEST(HttpChunkReader, ReachesTwoGibibytesAndNoFurther) {
    HttpChunkReader reader;
    const std::string fits = "7ffffff6\r\n";  // and ten bytes of header
    EXPECT_EQ(reader.advance(as_bytes(fits)).error(), Reason::incomplete);
    EXPECT_EQ(reader.next, kHttpChunkReach);
    HttpChunkReader other;
    const std::string longer = "7ffffff7\r\n";
    EXPECT_EQ(other.advance(as_bytes(longer)).error(), kBad);
}

}  // namespace
}  // namespace sluis
