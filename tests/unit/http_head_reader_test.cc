// Request heads of any length, in any pieces.
#include "dataplane/protocol/http_head_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/unit/whole_http_request.h"

namespace sluis {
namespace {

using test::read_http_request;

using namespace std::string_literals;

/// All that a head told.
struct Told {
    Reason reason = Reason::none;
    std::string target;
    std::vector<std::string> names;
    HttpBody body = HttpBody::none;
    std::uint64_t length = 0;
    bool tunnel = false;
    std::size_t consumed = 0;
    std::size_t most_kept = 0;  ///< bytes that had to be kept at once
    friend bool operator==(const Told& a, const Told& b) {
        return a.reason == b.reason && a.target == b.target && a.names == b.names && a.body == b.body &&
               a.length == b.length && a.tunnel == b.tunnel && (a.reason != Reason::none || a.consumed == b.consumed);
    }
};
std::ostream& operator<<(std::ostream& out, const Told& told) {
    out << name(told.reason) << " target " << told.target << " body " << static_cast<int>(told.body) << ' '
        << told.length << " end " << told.consumed << " names";
    for (const std::string& text : told.names) out << ' ' << text;
    return out;
}

/// Reads the stream as it grows to the sizes given.
Told read_in_steps(const std::string& stream, const std::vector<std::size_t>& sizes) {
    Told told;
    HttpHeadReader reader;
    for (const std::size_t size : sizes) {
        for (;;) {
            const std::string open = stream.substr(told.consumed, size - told.consumed);  // a copy of its exact size
            const auto progress = reader.advance(as_bytes(open));
            if (!progress) return told.reason = progress.error(), told;
            told.consumed += progress->consumed;
            if (!progress->name.empty()) told.names.emplace_back(as_text(progress->name));
            if (progress->event == HttpHeadEvent::request_line) told.target = as_text(progress->target);
            if (progress->event == HttpHeadEvent::end) {
                told.body = reader.framing().body;
                told.length = reader.framing().body_length;
                told.tunnel = reader.framing().is_connect || reader.framing().is_upgrade;
                return told;
            }
            if (progress->event == HttpHeadEvent::more) break;
        }
        told.most_kept = std::max(told.most_kept, size - told.consumed);
    }
    told.reason = Reason::incomplete;
    return told;
}
Told read_whole(const std::string& stream) { return read_in_steps(stream, {stream.size()}); }
Told read_by(const std::string& stream, std::size_t step) {
    std::vector<std::size_t> sizes;
    for (std::size_t size = step; size < stream.size(); size += step) sizes.push_back(size);
    sizes.push_back(stream.size());
    return read_in_steps(stream, sizes);
}

const std::string kLine = "GET / HTTP/1.1\r\n";
const std::string kHost = "Host: a.test\r\n";
const std::string kEnd = "\r\n";
std::string ignored(std::size_t size) { return "Cookie: " + std::string(size - 10, 'c') + "\r\n"; }

TEST(HttpHeadReader, ReadsLongHeadsAndKeepsLittle) {
    for (const std::string& head : {
             kLine + kHost + ignored(60'000) + kEnd,
             kLine + ignored(60'000) + kHost + kEnd,
             kLine + "Authorization: Negotiate " + std::string(64'000, 'Y') + "\r\n" + kHost + kEnd,
             kLine + "X: y\r\n " + std::string(30'000, 'z') + "\r\n\t" + std::string(30'000, 'z') + "\r\n" + kHost +
                 kEnd,
             kLine + kHost + ignored(1'000'000) + kEnd,
         }) {
        const Told told = read_by(head, 1400);
        EXPECT_EQ(told, read_whole(head));
        EXPECT_EQ(told.reason, Reason::none);
        EXPECT_EQ(told.names, std::vector<std::string>{"a.test"});
        EXPECT_EQ(told.consumed, head.size());
        EXPECT_LT(told.most_kept, 1400u);
    }
}

TEST(HttpHeadReader, ManyLines) {
    std::string head = kLine;
    for (int i = 0; i < 5000; ++i) head += "X-Field-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
    head += "hOsT :a.test\r\nContent-Length: 17\r\n" + kEnd;
    const Told told = read_by(head, 997);
    EXPECT_EQ(told, read_whole(head));
    EXPECT_EQ(told.names, std::vector<std::string>{"a.test"});
    EXPECT_EQ(told.length, 17u);
}

TEST(HttpHeadReader, FindsTheSecondHostFarBehind) {
    const std::string head = kLine + kHost + ignored(50'000) + "Host: b.test\r\n" + kEnd;
    EXPECT_EQ(read_whole(head).reason, Reason::name_conflict);
    EXPECT_EQ(read_whole(head).names, (std::vector<std::string>{"a.test", "b.test"}));
    EXPECT_EQ(read_by(head, 1000), read_whole(head));
}

struct Limited {
    const char* what;
    std::string head;
    Reason reason;
};

TEST(HttpHeadReader, HasLimits) {
    const std::size_t open = kLine.size() + kHost.size() + kEnd.size();
    const std::string host_value = "Host: " + std::string(kHttpLineLimit, ' ') + "a.test\r\n";
    const std::vector<Limited> rows{
        {"just fits", kLine + kHost + ignored(kHttpHeadLimit - open) + kEnd, Reason::none},
        {"a byte too long", kLine + kHost + ignored(kHttpHeadLimit - open + 1) + kEnd, Reason::stream_limit},
        {"without end", kLine + ignored(kHttpHeadLimit + 9), Reason::stream_limit},
        {"a host line too long", kLine + host_value + kEnd, Reason::stream_limit},
        {"a length line too long", kLine + "Content-Length:" + std::string(kHttpLineLimit, ' ') + "1\r\n" + kEnd,
         Reason::stream_limit},
        {"a name that does not begin", kLine + std::string(kHttpLineLimit, '\t') + "X: y\r\n" + kEnd,
         Reason::stream_limit},
        {"a request line too long", "GET /" + std::string(kHttpLineLimit, 'a') + " HTTP/1.1\r\n", Reason::stream_limit},
        {"never seen to be HTTP", "FOO /" + std::string(kHttpLineLimit, 'a'), Reason::not_this_protocol},
        {"line breaks only", std::string(kHttpLineLimit, '\n'), Reason::stream_limit},
    };
    for (const Limited& row : rows)
        for (const std::size_t step : {row.head.size(), std::size_t{1460}})
            EXPECT_EQ(name(read_by(row.head, step).reason), name(row.reason)) << row.what << " by " << step;
}

/// A value that does not matter is not kept, and still may hide nothing.
TEST(HttpHeadReader, IgnoredLinesAreSearchedAllTheSame) {
    const std::string value(5000, 'x');
    for (const std::string& middle : {"\0"s, "\r"s, "\rHost: b.test"s})
        for (const std::size_t step : {1u, 100u, 100'000u})
            EXPECT_EQ(name(read_by(kLine + kHost + "X: " + value + middle + value + "\r\n\r\n", step).reason),
                      name(Reason::http_malformed));
    const std::string split = kLine + "X: " + value + "\nHost: b.test\n\n";
    EXPECT_EQ(read_by(split, 1).names, std::vector<std::string>{"b.test"});
}

/// Lines from which any head may be made: what one server reads in another way than the next.
const std::vector<std::string> kLines{
    "Host: a.test\r\n",
    "Host: a.test\r\n",
    "host:A.TEST.:80\n",
    "Host: b.test\r\n",
    "Host:\r\n",
    " a.test\r\n",
    "\ta.test\r\n",
    " Host: a.test\r\n",
    "Hos",
    "Host",
    "Hostile: x\r\n",
    "Ho\r\n st: b.test\r\n",
    "\x0bHost: a.test\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 6\r\n",
    "Content-Length : 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Upgrade: h2c\r\n",
    "Upgrade-Insecure-Requests: 1\r\n",
    "X: y\r\n",
    ": y\r\n",
    "\r\n",
    "\n",
    "\r",
    "X\r\n",
    "Cookie: " + std::string(700, 'c') + "\r\n",
    " \r\n",
    "\0"s,
    std::string(300, ' ') + "Host: b.test\r\n",
    "X: " + std::string(70, '\t') + "\n",
};
const std::vector<std::string> kFirst{"GET / HTTP/1.1\r\n",
                                      "\r\n\nPOST / HTTP/1.1\n",
                                      "GET http://a.test/ HTTP/1.1\r\n",
                                      "CONNECT a.test:443 HTTP/1.1\r\n",
                                      "PRI * HTTP/2.0\r\n",
                                      "FOO /x HTTP/1.0\r\n"};

TEST(HttpHeadReader, ToldTheSameHoweverItIsCut) {
    std::mt19937 random(20230327);
    const auto below = [&](std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
    };
    std::size_t complete = 0;
    for (int trial = 0; trial < 3000; ++trial) {
        std::string head = kFirst[below(kFirst.size())];
        for (std::size_t lines = below(6); lines > 0; --lines) head += kLines[below(below(3) == 0 ? kLines.size() : 3)];
        head += "\r\n";
        const Told whole = read_whole(head);
        complete += whole.reason == Reason::none;
        ASSERT_EQ(read_by(head, 1), whole) << ::testing::PrintToString(head);
        std::vector<std::size_t> sizes;
        for (std::size_t size = 0; size < head.size();)
            sizes.push_back(size = std::min(head.size(), size + 1 + below(40)));
        ASSERT_EQ(read_in_steps(head, sizes), whole) << ::testing::PrintToString(head);
        const auto request = read_http_request(as_bytes(head));
        ASSERT_EQ(request.has_value(), whole.reason == Reason::none);
        if (request) ASSERT_EQ(request->head_end, whole.consumed);
    }
    EXPECT_GT(complete, 500u);
    EXPECT_LT(complete, 2900u);
}

// What was searched is not searched again: were it, the NULs put there would be found.
TEST(HttpHeadReader, SearchesEachByteOnce) {
    const std::string leading(300, '\n');
    const std::string line = "GET /" + std::string(300, 'a') + " HTTP/1.1\r\n";
    std::string stream = leading + line;
    HttpHeadReader reader;
    for (std::size_t size = 1; size < stream.size(); ++size) {
        const auto progress = reader.advance(as_bytes(stream).first(size));
        ASSERT_TRUE(progress && progress->event == HttpHeadEvent::more) << size;
        if (size >= 3 && size - 3 < leading.size()) stream[size - 3] = '\0';
    }
    const auto told = reader.advance(as_bytes(stream));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->consumed, stream.size());
    std::string host = "Host:" + std::string(1000, ' ');
    for (std::size_t size = 1; size <= host.size(); ++size) {
        const auto progress = reader.advance(as_bytes(host).first(size));
        ASSERT_TRUE(progress && progress->event == HttpHeadEvent::more && progress->consumed == 0) << size;
        if (size > 300) host[size - 3] = '\0';
    }
}

TEST(HttpHeadReader, SearchesAnewInAShorterStream) {
    const std::string head = "\n\n\n\nGET / HTTP/1.1\r\n";
    HttpHeadReader reader;
    EXPECT_EQ(reader.advance(as_bytes(head).first(7))->event, HttpHeadEvent::more);
    EXPECT_EQ(reader.advance(as_bytes(head).first(2))->event, HttpHeadEvent::more);
    EXPECT_EQ(reader.advance(as_bytes(head))->event, HttpHeadEvent::request_line);
}

}  // namespace
}  // namespace sluis
