// Which first bytes of a stream are taken for TLS, or for a ClientHello.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>

#include "dataplane/protocol/tls_record.h"
#include "tests/unit/tls_hello.h"

namespace sluis::test {
namespace {

/// How rarely other bytes are taken for a hello: of random segments one in ten million.
TEST(MayBeTls, TellsFromRandomBytes) {
    std::mt19937_64 random(4711);
    std::size_t taken = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        Buffer segment(64);
        for (std::size_t at = 0; at < segment.size(); at += 8) {
            const std::uint64_t word = random();
            std::memcpy(segment.data() + at, &word, sizeof word);
        }
        taken += may_be_client_hello(segment);
    }
    EXPECT_LE(taken, 1u);
}

TEST(MayBeTls, TellsFromTheFirstBytes) {
    const struct {
        const char* what;
        Buffer prefix;
        bool hello;
        bool client;
    } rows[] = {
        {"a record of one byte", buffer({22, 3, 1, 0, 1, 1, 22, 3, 1}), true, true},
        {"the longest record", buffer({22, 3, 1, 0x41, 0x00, 1, 0, 0x3f}), true, true},
        {"longer", buffer({22, 3, 1, 0x41, 0x01}), false, false},
        {"longer, half of it seen", buffer({22, 3, 1, 0x42}), false, false},
        {"no length", buffer({22, 3, 1, 0, 0}), true, true},
        {"a hello that only some servers read", buffer({22, 3, 1, 0x40, 0, 1, 2, 1, 0x44}), true, true},
        {"a hello that none reads", buffer({22, 3, 1, 0x40, 0, 1, 3, 0, 0}), false, false},
        {"ServerHello", buffer({22, 3, 3, 0, 90, 2}), false, false},
        {"SSL 2", buffer({0x80}), false, false},
        {"major version 2", buffer({22, 2}), true, true},
        {"major version 2, a hello", odd(record(22, hello("a.example")), 0x0200), true, true},
        {"major version 2, a hello of no suite", buffer({22, 2, 0, 0, 47, 1, 0, 0, 43}) + Buffer(43), false, false},
        {"major version 2, a hello of 40 bytes", buffer({22, 2, 0, 0, 44, 1, 0, 0, 40}), false, false},
        {"major version 2, another message", buffer({22, 2, 0, 0, 47, 2}), false, false},
        {"major version 2, no length", buffer({22, 2, 0, 0, 0}), false, false},
        {"major version 2, a warning", odd(kWarning, 0x0200), false, true},
        {"major version 2, a fatal alert", odd(record(21, buffer({2, 40})), 0x0200), false, false},
        {"major version 2, change_cipher_spec", buffer({20, 2}), false, false},
        {"DTLS", buffer({22, 0xfe, 0xfd, 0, 0, 0}), false, false},
        {"application data", buffer({23}), false, false},
        {"text", buffer("GET"), false, false},
        {"a warning", kWarning, false, true},
        {"a warning cut", buffer({21, 3}), false, true},
        {"a fatal alert", record(21, buffer({2, 40})), false, true},
        {"change_cipher_spec", kCipherChange, false, true},
        {"a heartbeat", kHeartbeat, false, true},
        {"a type that is none", buffer({25, 3, 3}), false, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(may_be_client_hello(row.prefix), row.hello) << row.what;
        EXPECT_EQ(may_be_tls_client(row.prefix), row.client) << row.what;
    }
}

/// What needs no further look is what a look at all of it takes for a hello: every value of each of the bytes that
/// tell.
TEST(MayBeTls, TakesAUsualBeginningForWhatItIs) {
    const Buffer usual = record(22, hello("a.example"));
    ASSERT_TRUE(begins_usual_hello(usual));
    for (std::size_t size = 0; size < 8; ++size) EXPECT_FALSE(begins_usual_hello(Bytes(usual).first(size))) << size;
    for (std::size_t at = 0; at < 8; ++at) {
        std::size_t taken = 0;
        for (int value = 0; value < 256; ++value) {
            Buffer prefix = usual;
            prefix[at] = static_cast<std::byte>(value);
            if (!begins_usual_hello(prefix)) continue;
            EXPECT_TRUE(may_be_tls_client(prefix)) << at << ' ' << value;
            EXPECT_EQ(prefix[0], kTlsHandshake);
            ++taken;
        }
        constexpr std::size_t kVersion = 2, kRecordLength = 3, kMessageLength = 7;
        if (at == kRecordLength)
            EXPECT_EQ(taken, 0x41u);
        else if (at == kVersion || at == kRecordLength + 1 || at == kMessageLength)
            EXPECT_EQ(taken, 256u) << at;
        else
            EXPECT_EQ(taken, 1u) << at;
    }
}

}  // namespace
}  // namespace sluis::test
