// What urgent bytes cost, and that small segments hide nothing behind them.

#include "tests/unit/pipeline_harness.h"

namespace sluis::test {
namespace {

Buffer text(std::string_view bytes) { return buffer(bytes); }

Buffer insert(Buffer stream, std::size_t at) {
    stream.insert(stream.begin() + static_cast<std::ptrdiff_t>(at), std::byte{'X'});
    return stream;
}

/// Sends the stream in segments of `size`, and marks the bytes at `marks`, each with a segment that it ends.
bool passes(PipelineHarness& harness, const Buffer& stream, std::vector<std::size_t> marks, std::size_t size) {
    TcpPair pair(harness);
    pair.connect();
    bool through = true;
    for (std::size_t from = 0; from < stream.size();) {
        std::size_t end = std::min(from + size, stream.size());
        const bool marked = !marks.empty() && marks.front() < end;
        if (marked) end = marks.front() + 1;
        const TcpFields fields{.urgent = marked ? static_cast<int>(end - from) : 0};
        const int flags = kTcpAck | (marked ? kTcpUrg : 0);
        through &= !refused(harness.from_client(pair.client_frame(slice(stream, from, end - from), flags, 0, fields)));
        pair.client += static_cast<std::uint32_t>(end - from);
        if (marked) marks.erase(marks.begin());
        from = end;
    }
    return through;
}

TEST(PipelineUrgent, HidesNoNameWhateverTheSegments) {
    const Buffer tls = tls_hello("www.tiktok.com");
    const Buffer http = text("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n");
    const Buffer blank = text("\r\n\r\n\r\nGET / HTTP/1.1\nHost: www.tiktok.com\n\n");
    for (const Buffer& stream : {tls, http, blank})
        for (std::size_t at = 0; at < stream.size(); at += stream.size() < 60 ? 1 : 7)
            for (const std::size_t size : {1u, 2u, 3u, 40u, 1400u}) {
                PipelineHarness one;
                EXPECT_FALSE(passes(one, insert(stream, at), {at}, size)) << at << ' ' << size;
                PipelineHarness two;
                EXPECT_FALSE(passes(two, insert(insert(stream, at), at + 1), {at, at + 1}, size)) << at << ' ' << size;
            }
}

TEST(PipelineUrgent, LeavesAllowedNamesAlone) {
    const Buffer tls = tls_hello("www.example.org");
    for (std::size_t at = 0; at < tls.size(); at += 7)
        for (const std::size_t size : {3u, 40u, 1400u}) {
            PipelineHarness harness;
            EXPECT_TRUE(passes(harness, insert(tls, at), {at}, size)) << at << ' ' << size;
        }
}

TEST(PipelineUrgent, HidesNoNameBehindOthers) {
    std::string lines;
    for (int i = 0; i < 6; ++i) lines += "GET /\r\nHost: a" + std::to_string(i) + ".example\r\n";
    const std::string request = "GET / HTTP/1.1\r\n", end = "Host: www.tiktok.com\r\n\r\n";
    for (const std::string& stream :
         {lines + "GET /\r\n" + end, request + "Host: a.example\r\nHost: b.example\r\n" + end,
          request + "Host: a.example\r\nTransfer-Encoding : chunked\r\n" + end})
        for (std::size_t at = 1; at < stream.size(); at += 5) {
            PipelineHarness harness;
            EXPECT_FALSE(passes(harness, insert(text(stream), at), {at}, 40)) << stream << at;
        }
}

TEST(PipelineUrgent, InterruptsOfTextProtocolsPass) {
    PipelineHarness harness;
    TcpPair pair(harness, 21);
    pair.connect();
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(passed(pair.send(text("RETR /file HTTP\r\n")))) << i;
        EXPECT_TRUE(
            passed(harness.from_client(pair.client_frame(text("\xff\xf4\xff"), kTcpAck | kTcpUrg, 0, {.urgent = 3}))));
        pair.client += 3;
        EXPECT_TRUE(
            passed(pair.send(text("\xf2"
                                  "ABOR\r\n"))))
            << i;
    }
}

TEST(PipelineUrgent, AMarkFarAheadCountsForTheRequestThatItLiesIn) {
    const Buffer first = text("GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    const Buffer second = insert(text("GET / HTTP/1.1\r\nHost: www.tiktok.com\r\n\r\n"), 30);
    PipelineHarness harness;
    TcpPair pair(harness, 80);
    pair.connect();
    const TcpFields fields{.urgent = static_cast<int>(first.size()) + 31};
    EXPECT_TRUE(passed(harness.from_client(pair.client_frame(first, kTcpAck | kTcpUrg, 0, fields))));
    pair.client += static_cast<std::uint32_t>(first.size());
    EXPECT_TRUE(refused(pair.send(second)));
}

}  // namespace
}  // namespace sluis::test
