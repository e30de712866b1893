#include <gtest/gtest.h>

#include "dataplane/protocol/tls_record.h"
#include "tests/unit/tls_hello.h"

namespace sluis::test {
namespace {

Result<TlsServerAnswer> answer_of(Bytes stream) {
    std::uint32_t length = 0;
    return read_server_answer(stream, length);
}

TEST(ServerAnswer, TellsARetryFromAServerHello) {
    const Buffer stream = sample("hello_retry_server.bin");
    ASSERT_EQ(stream.size(), 264U);
    const struct {
        TlsServerAnswer answer;
        std::uint32_t length;
    } records[] = {
        {TlsServerAnswer::hello_retry_request, 93}, {TlsServerAnswer::other, 6}, {TlsServerAnswer::server_hello, 160}};
    Bytes rest(stream);
    for (const auto& expected : records) {
        std::uint32_t length = 0;
        const Result<TlsServerAnswer> answer = read_server_answer(rest, length);
        ASSERT_TRUE(answer);
        EXPECT_EQ(*answer, expected.answer);
        EXPECT_EQ(length, expected.length);
        rest = rest.subspan(length);
    }
    const Result<TlsServerAnswer> answer = answer_of(sample("tls12_server.bin"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer, TlsServerAnswer::server_hello);
}

TEST(ServerAnswer, NeedsTheRandomAndNoMore) {
    for (const char* file : {"hello_retry_server.bin", "tls12_server.bin"}) {
        const Buffer stream = sample(file);
        for (std::size_t size = 0; size < 43; ++size) {
            const Result<TlsServerAnswer> answer = answer_of(buffer(Bytes(stream).first(size)));
            ASSERT_FALSE(answer) << size;
            EXPECT_EQ(answer.error(), Reason::incomplete);
        }
        EXPECT_TRUE(answer_of(buffer(Bytes(stream).first(43))));
    }
    Buffer near_retry = sample("hello_retry_server.bin");
    near_retry[42] ^= std::byte{1};
    EXPECT_EQ(*answer_of(near_retry), TlsServerAnswer::server_hello);
}

TEST(ServerAnswer, KnowsOtherRecords) {
    const struct {
        const char* what;
        Buffer stream;
        TlsServerAnswer answer;
    } rows[] = {
        {"an alert's header", buffer({21, 3, 3, 0, 2}), TlsServerAnswer::alert},
        {"HelloRequest", record(22, handshake(0, {})), TlsServerAnswer::other},
        {"Certificate", record(22, handshake(11, Buffer(99))), TlsServerAnswer::other},
        {"a ServerHello cut before its random ends", record(22, buffer({2, 0, 0, 70, 3, 3}) + Buffer(31)),
         TlsServerAnswer::other},
        {"application data", record(23, Buffer(50)), TlsServerAnswer::other},
    };
    for (const auto& row : rows) {
        const Result<TlsServerAnswer> answer = answer_of(row.stream);
        ASSERT_TRUE(answer) << row.what;
        EXPECT_EQ(*answer, row.answer) << row.what;
    }
    for (const Buffer& stream :
         {buffer("HTTP/1.1 200"), buffer({22, 2}), buffer({22, 0xfe, 0xfd}), buffer({22, 3, 3, 0xff, 0xff})}) {
        const Result<TlsServerAnswer> answer = answer_of(stream);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error(), Reason::not_this_protocol);
    }
}

}  // namespace
}  // namespace sluis::test
