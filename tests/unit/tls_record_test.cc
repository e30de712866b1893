#include "dataplane/protocol/tls_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/unit/tls_hello.h"

namespace sluis::test {
namespace {

constexpr std::size_t kScratchSize = kHandshakeLimit + kHandshakeHeaderSize;

/// What a reader found in a stream.
struct Reading {
    std::vector<std::string> names;  ///< one a hello; "-" for a hello without a name
    std::vector<std::uint32_t> ends;
    bool beyond = false;
    Reason failure = Reason::none;
    friend bool operator==(const Reading&, const Reading&) = default;
};

void PrintTo(const Reading& reading, std::ostream* out) {
    for (std::size_t i = 0; i < reading.names.size(); ++i) *out << reading.names[i] << "@" << reading.ends[i] << " ";
    *out << (reading.beyond ? "beyond " : "") << name(reading.failure);
}

/// A reader with its scratch, which takes all events that a stream has.
class Driver {
public:
    void take(Bytes stream) {
        for (;;) {
            const Result<TlsClientProgress> progress = reader.advance(stream, scratch_);
            if (!progress) {
                reading.failure = progress.error();
                return;
            }
            if (progress->event == TlsClientEvent::beyond_hello) reading.beyond = true;
            if (progress->event != TlsClientEvent::client_hello) return;
            const ClientHello& hello = progress->hello;
            reading.names.emplace_back(hello.has_server_name ? as_text(hello.server_name) : "-");
            reading.ends.push_back(progress->end);
        }
    }

    TlsClientReader reader;
    Reading reading;

private:
    Buffer scratch_ = Buffer(kScratchSize);
};

Reading read_whole(const Buffer& stream) {
    Driver driver;
    driver.take(stream);
    return driver.reading;
}

/// One call after each of `sizes`, then one with everything. Each prefix is a copy of its own, so that a
/// sanitizer sees any read past it.
Reading read_in_steps(const Buffer& stream, const std::vector<std::size_t>& sizes) {
    Driver driver;
    for (std::size_t size : sizes) driver.take(buffer(Bytes(stream).first(size)));
    driver.take(stream);
    return driver.reading;
}

std::vector<std::size_t> every_size(const Buffer& stream) {
    std::vector<std::size_t> sizes(stream.size());
    std::iota(sizes.begin(), sizes.end(), 0);
    return sizes;
}

Reading one_hello(const char* name, std::size_t end) {
    return {.names = {name ? name : "-"}, .ends = {static_cast<std::uint32_t>(end)}, .beyond = false, .failure = {}};
}
Reading failing(Reason reason) { return {.names = {}, .ends = {}, .beyond = false, .failure = reason}; }

class HelloOf : public testing::TestWithParam<Sample> {
protected:
    const Buffer message_ = sample_message(GetParam());
    const char* const name_ = GetParam().name;
};

TEST_P(HelloOf, InOneRecordIsAViewIntoTheStream) {
    const Buffer stream = record(22, message_);
    Buffer scratch(kScratchSize, std::byte{0xcc});
    TlsClientReader reader;
    const Result<TlsClientProgress> progress = reader.advance(stream, scratch);
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->event, TlsClientEvent::client_hello);
    EXPECT_EQ(progress->end, stream.size());
    EXPECT_EQ(scratch, Buffer(kScratchSize, std::byte{0xcc}));
    EXPECT_TRUE(reader.hello_seen());
    EXPECT_FALSE(reader.mid_message());
    if (!name_) return;
    EXPECT_EQ(as_text(progress->hello.server_name), name_);
    EXPECT_GE(progress->hello.server_name.data(), stream.data());
    EXPECT_LT(progress->hello.server_name.data(), stream.data() + stream.size());
}

TEST_P(HelloOf, InTwoRecordsCutAnywhere) {
    for (std::size_t cut = 1; cut < message_.size(); ++cut) {
        const Bytes message(message_);
        const Buffer stream = record(22, buffer(message.first(cut)), 0) + record(22, buffer(message.subspan(cut)), 255);
        ASSERT_EQ(read_whole(stream), one_hello(name_, stream.size())) << cut;
        ASSERT_EQ(read_in_steps(stream, {cut + 3, cut + 7}), one_hello(name_, stream.size())) << cut;
    }
}

TEST_P(HelloOf, InTwoSegmentsCutAnywhere) {
    const Buffer stream = record(22, message_);
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        ASSERT_EQ(read_in_steps(stream, {cut}), one_hello(name_, stream.size())) << cut;
    }
}

TEST_P(HelloOf, InRecordsOfAnySize) {
    for (std::size_t size : {1, 2, 3, 4, 5, 7, 64, 511}) {
        const Buffer stream = records_of(size, message_);
        ASSERT_EQ(read_whole(stream), one_hello(name_, stream.size())) << size;
    }
}

TEST_P(HelloOf, ByteByByte) {
    for (const Buffer& stream : {record(22, message_), records_of(1, message_), records_of(97, message_)}) {
        EXPECT_EQ(read_in_steps(stream, every_size(stream)), one_hello(name_, stream.size()));
    }
}

TEST_P(HelloOf, MayBeAHelloFromTheFirstByteOn) {
    for (const Buffer& stream : {record(22, message_, 255), records_of(1, message_), records_of(2, message_)}) {
        EXPECT_FALSE(may_be_client_hello({}));
        for (std::size_t size = 1; size <= stream.size(); ++size) {
            ASSERT_TRUE(may_be_client_hello(Bytes(stream).first(size))) << size;
            ASSERT_TRUE(may_be_tls_client(Bytes(stream).first(size))) << size;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Captures, HelloOf, testing::ValuesIn(kSamples), [](const auto& row) {
    const std::string_view file = row.param.file;
    return std::string(file.substr(0, file.find('.')));
});

/// Bytes that were read are read again only when the hello is complete: however small the steps, the work is linear.
TEST(TlsClientReader, DoesNotGoBackBeforeTheHelloIsComplete) {
    const Buffer message = hello("www.tiktok.com");
    for (const Buffer& stream : {record(22, message), records_of(1, message), records_of(6, message)}) {
        Driver driver;
        for (std::size_t size = 0; size < stream.size(); ++size) {
            Buffer seen = buffer(Bytes(stream).first(size));
            const std::size_t behind = driver.reader.unread_until();
            // The message's own header may lie in four records, and is put together once.
            if (size > 30) std::fill(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(behind), std::byte{0xff});
            driver.take(seen);
        }
        driver.take(stream);
        EXPECT_EQ(driver.reading, one_hello("www.tiktok.com", stream.size()));
    }
}

TEST(TlsClientReader, ReadsBothHellosAroundARetry) {
    const Buffer stream = sample("hello_retry_client.bin");
    const Reading expected{.names = {"-", "-"}, .ends = {236, 486}, .beyond = false, .failure = {}};
    EXPECT_EQ(read_whole(stream), expected);
    EXPECT_EQ(read_in_steps(stream, every_size(stream)), expected);
}

TEST(TlsClientReader, ReadsAHelloAtATimeAndGoesOnAfterRebase) {
    Buffer scratch(kScratchSize);
    TlsClientReader reader;
    const Buffer stream = record(22, hello("one.example") + hello("two.example")) + kCipherChange +
                          records_of(10, hello("three.example"));
    const std::vector<const char*> names = {"one.example", "two.example", "three.example"};
    Bytes rest(stream);
    for (const char* name : names) {
        const Result<TlsClientProgress> progress = reader.advance(rest, scratch);
        ASSERT_TRUE(progress && progress->event == TlsClientEvent::client_hello);
        EXPECT_EQ(as_text(progress->hello.server_name), name);
        EXPECT_EQ(progress->end, reader.unread_until());
        EXPECT_FALSE(reader.message_open());
        rest = rest.subspan(progress->end);
        reader.rebase(progress->end);
        EXPECT_EQ(reader.unread_until(), 0U);
    }
    EXPECT_TRUE(rest.empty());
}

/// Whatever a stream's first bytes say, a hello that is there at once is read as one that comes in steps.
TEST(TlsClientReader, ReadsWhatIsThereAtOnceAsInSteps) {
    constexpr std::size_t kHeaders = kTlsRecordHeaderSize + kHandshakeHeaderSize;
    const Buffer message = hello("www.tiktok.com");
    const Buffer follows = record(22, hello("two.example")) + kCipherChange;
    for (const Buffer& stream :
         {record(22, message), record(22, message) + follows, record(22, message + hello("one.example")) + follows,
          record(22, message + buffer({1})) + follows, record(22, message + buffer({20, 0}))})
        for (std::size_t at = 0; at < kHeaders; ++at)
            for (int value = 0; value < 256; ++value) {
                Buffer changed = stream;
                changed[at] = static_cast<std::byte>(value);
                const Reading in_steps = read_in_steps(changed, {1, kTlsRecordHeaderSize, kHeaders, kHeaders + 1});
                EXPECT_EQ(read_whole(changed), in_steps) << "byte " << at << " is " << value;
            }
}

TEST(TlsClientReader, GoesBeyondTheHello) {
    const Buffer first = record(22, hello("a.example"));
    const auto end = static_cast<std::uint32_t>(first.size());
    const Buffer finished = record(22, Buffer(40, std::byte{0x77}));
    const struct {
        const char* what;
        Buffer stream;
        Reading reading;
    } rows[] = {
        {"a real TLS 1.2 client", sample("tls12_client.bin"), {{"raw.githubusercontent.com"}, {517}, true, {}}},
        {"a real repeated hello", sample("two_hellos_client.bin"), {{"localhost", "localhost"}, {297, 594}, false, {}}},
        {"ClientKeyExchange", first + record(22, handshake(16, Buffer(32))), {{"a.example"}, {end}, true, {}}},
        {"Certificate in the same record",
         record(22, hello("a.example") + handshake(11, Buffer(9))),
         {{"a.example"}, {end}, true, {}}},
        {"encrypted Finished", first + kCipherChange + finished, {{"a.example"}, {end}, true, {}}},
        {"encrypted Finished like a hello",
         first + kCipherChange + record(22, buffer({1}) + Buffer(39, std::byte{0x77})),
         {{"a.example"}, {end}, true, {}}},
        {"nonsense once beyond", first + finished + buffer("nonsense"), {{"a.example"}, {end}, true, {}}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_whole(row.stream), row.reading) << row.what;
        EXPECT_EQ(read_in_steps(row.stream, every_size(row.stream)), row.reading) << row.what;
    }
}

TEST(TlsClientReader, StaysBeyondWhateverComes) {
    Driver driver;
    Buffer stream = record(22, hello("a.example")) + record(22, handshake(16, Buffer(8)));
    driver.take(stream);
    EXPECT_TRUE(driver.reading.beyond);
    EXPECT_FALSE(driver.reader.mid_message());
    EXPECT_EQ(driver.reader.unread_until(), UINT32_MAX);
    driver.reader.rebase(static_cast<std::uint32_t>(stream.size()));
    EXPECT_EQ(driver.reader.unread_until(), UINT32_MAX);
    driver.take(record(22, hello("b.example")) + buffer("nonsense"));
    EXPECT_EQ(driver.reading.names, std::vector<std::string>{"a.example"});
    EXPECT_EQ(driver.reading.failure, Reason::none);
}

TEST(TlsClientReader, NeedsNoByteOfEarlyData) {
    Driver driver;
    const Buffer first = record(22, hello("a.example"));
    const Buffer early = record(23, Buffer(16640, std::byte{0x16})) + record(23, {}) + kWarning + kHeartbeat;
    const Buffer second = records_of(20, hello("b.example"));
    const Buffer stream = first + early + kCipherChange + second;

    driver.take(buffer(Bytes(stream).first(first.size() + 4)));
    EXPECT_EQ(driver.reader.unread_until(), first.size());
    EXPECT_TRUE(driver.reader.mid_message()) << "a record header has begun";
    driver.take(buffer(Bytes(stream).first(first.size() + 5)));
    EXPECT_EQ(driver.reader.unread_until(), first.size() + 5 + 16640);
    EXPECT_FALSE(driver.reader.mid_message());

    Buffer holed = stream;  // what was skipped never came
    std::fill_n(holed.begin() + static_cast<std::ptrdiff_t>(first.size()), 5 + 16640, std::byte{0xee});
    driver.take(holed);
    const Reading expected{
        .names = {"a.example", "b.example"},
        .ends = {static_cast<std::uint32_t>(first.size()), static_cast<std::uint32_t>(stream.size())},
        .beyond = false,
        .failure = {}};
    EXPECT_EQ(driver.reading, expected);
    EXPECT_EQ(read_whole(stream), expected);
}

TEST(TlsClientReader, SaysWhenAMessageIsOpen) {
    const Buffer stream = kWarning + records_of(30, hello("a.example"));
    Driver driver;
    for (std::size_t size = 0; size < stream.size(); ++size) {
        driver.take(buffer(Bytes(stream).first(size)));
        const bool between = size == 0 || size == kWarning.size() - 1 || size == kWarning.size();
        EXPECT_EQ(driver.reader.mid_message(), !between) << size;
        EXPECT_EQ(driver.reader.message_open(), size > kWarning.size() + kTlsRecordHeaderSize) << size;
        EXPECT_FALSE(driver.reader.hello_seen());
    }
    driver.take(stream);
    EXPECT_FALSE(driver.reader.mid_message());
}

TEST(TlsClientReader, SkipsAFewRecordsBeforeTheHello) {
    const Buffer first = record(22, hello("a.example"));
    const struct {
        const char* what;
        Buffer before;
        Reason reason;
    } rows[] = {
        {"a warning", kWarning, Reason::none},
        {"change_cipher_spec", kCipherChange, Reason::none},
        {"a heartbeat", kHeartbeat, Reason::none},
        {"four", kWarning + kCipherChange + kHeartbeat + kWarning, Reason::none},
        {"five", kWarning + kWarning + kWarning + kWarning + kHeartbeat, Reason::tls_malformed},
        {"a fatal alert", record(21, buffer({2, 40})), Reason::tls_malformed},
        {"alert level 0", record(21, buffer({0, 40})), Reason::tls_malformed},
        {"an empty alert", record(21, {}), Reason::tls_malformed},
        {"a long alert", record(21, buffer({1, 90, 1, 90})), Reason::tls_malformed},
        {"an empty change_cipher_spec", record(20, {}), Reason::tls_malformed},
        {"a long change_cipher_spec", record(20, buffer({1, 1})), Reason::tls_malformed},
        {"an empty heartbeat", record(24, {}), Reason::tls_malformed},
        {"an empty handshake record", record(22, {}), Reason::tls_malformed},
        {"application data", record(23, buffer({0})), Reason::tls_malformed},
        {"empty application data", record(23, {}), Reason::tls_malformed},
        {"an unknown type", kWarning + record(25, buffer({0})), Reason::tls_malformed},
        {"a warning of another major version", odd(kWarning, 0x0200), Reason::none},
        {"change_cipher_spec of another major version", kWarning + odd(kCipherChange, 0x0200), Reason::tls_malformed},
        {"an empty handshake record of another major version", kWarning + odd(record(22, {}), 0x0200),
         Reason::tls_malformed},
        {"too long a record", buffer({22, 3, 1, 0x41, 0x01}), Reason::tls_malformed},
        {"another handshake message", record(22, handshake(2, Buffer(38))), Reason::not_this_protocol},
        {"SSL 2", buffer({0x80, 0x2e, 0x01, 0x03, 0x01}), Reason::not_this_protocol},
        {"HTTP", buffer("GET / HTTP/1.1"), Reason::not_this_protocol},
        {"SSH", buffer("SSH-2.0-x"), Reason::not_this_protocol},
        {"DTLS", buffer({22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}), Reason::not_this_protocol},
    };
    for (const auto& row : rows) {
        const Buffer stream = row.before + first;
        const Reading expected =
            row.reason == Reason::none ? one_hello("a.example", stream.size()) : failing(row.reason);
        EXPECT_EQ(read_whole(stream), expected) << row.what;
        EXPECT_EQ(read_in_steps(stream, every_size(stream)), expected) << row.what;
    }
}

TEST(TlsClientReader, RefusesWhatComesAmidAHello) {
    const Buffer message = hello("a.example");
    const Buffer begin = record(22, buffer(Bytes(message).first(20)));
    const Buffer end = record(22, buffer(Bytes(message).subspan(20)));
    const Buffer type = record(22, buffer(Bytes(message).first(1)));
    const Buffer after_type = record(22, buffer(Bytes(message).subspan(1)));
    const struct {
        const char* what;
        Buffer stream;
    } rows[] = {
        {"an empty handshake record", begin + record(22, {}) + end},
        {"a warning", begin + kWarning + end},
        {"change_cipher_spec", begin + kCipherChange + end},
        {"application data", begin + record(23, buffer({1})) + end},
        {"a warning after the type", type + kWarning + after_type},
        {"an unknown type", begin + record(99, buffer({1})) + end},
        {"a warning of another major version", begin + odd(kWarning, 0x0200) + end},
        {"too long a record", begin + buffer({22, 3, 3, 0x41, 0x01}) + end},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_whole(row.stream), failing(Reason::tls_malformed)) << row.what;
        EXPECT_EQ(read_in_steps(row.stream, every_size(row.stream)), failing(Reason::tls_malformed)) << row.what;
    }
}

TEST(TlsClientReader, PassesOnWhatTheHelloFailsWithAndKeepsFailing) {
    const struct {
        Buffer body;
        Reason reason;
    } rows[] = {
        {{}, Reason::tls_malformed},
        {hello_body(server_name("a") + server_name("a")), Reason::tls_duplicate_extension},
        {hello_body(server_name("a b")), Reason::tls_name},
    };
    for (const auto& row : rows) {
        for (std::size_t size : {1U, 1000U}) {
            Driver driver;
            const Buffer stream = records_of(size, handshake(1, row.body));
            driver.take(stream);
            EXPECT_EQ(driver.reading, failing(row.reason));
            driver.take(stream + record(22, hello("b.example")));
            EXPECT_EQ(driver.reading, failing(row.reason));
        }
    }
}

TEST(TlsClientReader, ReadsUpToItsLimit) {
    for (std::size_t record_size : {std::size_t{100}, std::size_t{16384}, kScratchSize}) {
        const Buffer largest = records_of(record_size, padded_hello("last.example", kHandshakeLimit));
        EXPECT_EQ(read_whole(largest), one_hello("last.example", largest.size())) << record_size;
        const Buffer larger = records_of(record_size, padded_hello("last.example", kHandshakeLimit + 1));
        EXPECT_EQ(read_whole(larger), failing(Reason::stream_limit)) << record_size;
    }
}

TEST(TlsClientReader, SeesTheLimitInTheMessageHeader) {
    for (std::size_t length : {std::size_t{0x4001}, std::size_t{0x10000}, std::size_t{0xffffff}}) {
        const Buffer header = buffer({1}) + big_endian(length, 3);
        for (const Buffer& stream : {records_of(1, header), buffer({22, 3, 1, 0x40, 0}) + header}) {
            EXPECT_EQ(read_whole(buffer(Bytes(stream).first(stream.size() - 1))), Reading{});
            EXPECT_EQ(read_whole(stream), failing(Reason::stream_limit));
        }
    }
}

TEST(TlsClientReader, FailsAgainWithoutANewByte) {
    const Buffer stream = records_of(1, buffer({1, 0xff, 0xff, 0xff}));
    Buffer scratch(kScratchSize);
    TlsClientReader reader;
    for (int call = 0; call < 3; ++call) {
        const Result<TlsClientProgress> progress = reader.advance(stream, scratch);
        ASSERT_FALSE(progress);
        EXPECT_EQ(progress.error(), Reason::stream_limit);
    }
}

TEST(TlsClientReader, FailsWhenTheScratchIsTooSmall) {
    Buffer scratch(50);
    TlsClientReader reader;
    const Result<TlsClientProgress> progress = reader.advance(records_of(9, hello("a.example")), scratch);
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error(), Reason::stream_limit);
}

/// Go's crypto/tls and s2n look at no record's version before they have chosen one.
constexpr int kOddVersions[] = {0x0000, 0x0101, 0x0200, 0x0201, 0x0403, 0x0fff, 0x1000, 0xfefd, 0xffff};

TEST_P(HelloOf, InRecordsOfAnyVersion) {
    for (const int version : kOddVersions) {
        const Buffer whole = odd(record(22, message_), version);
        EXPECT_EQ(read_in_steps(whole, every_size(whole)), one_hello(name_, whole.size())) << version;
        for (std::size_t size = 1; size <= whole.size(); ++size) {
            EXPECT_TRUE(may_be_client_hello(Bytes(whole).first(size))) << version << ' ' << size;
        }
        for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{60}}) {
            const Buffer first = record(22, buffer(Bytes(message_).first(cut)));
            const Buffer rest = record(22, buffer(Bytes(message_).subspan(cut)));
            for (const Buffer& stream :
                 {odd(first, version) + odd(rest, version), first + odd(rest, version), odd(first, version) + rest})
                EXPECT_EQ(read_in_steps(stream, every_size(stream)), one_hello(name_, stream.size())) << version;
        }
    }
}

TEST(FindClientHello, InARecordOfAnyVersion) {
    for (const int version : kOddVersions) {
        const Buffer stream = buffer("STARTTLS\r\n") + odd(record(22, hello("a.example")), version);
        EXPECT_EQ(find_client_hello(stream, 0), 10u) << version;
    }
}

/// What makes such a record none of TLS may lie in a later segment than its header.
TEST(TlsClientReader, TakesARecordOfAnotherVersionInStepsForWhatItIsAtOnce) {
    const Buffer message = hello("a.example");
    const std::size_t suites = 4 + 2 + 32 + 1 + std::to_integer<std::size_t>(message[38]);
    for (const std::size_t at : {std::size_t{1}, suites, suites + 1}) {
        Buffer wrong = message;
        wrong[at] ^= std::byte{0x31};
        const Buffer stream = odd(record(22, wrong), 0xbe01);
        EXPECT_EQ(read_whole(stream), failing(Reason::not_this_protocol)) << at;
        EXPECT_EQ(read_in_steps(stream, every_size(stream)), failing(Reason::not_this_protocol)) << at;
    }
}

/// What comes behind a hello has the version that was chosen.
TEST(TlsClientReader, ReadsNothingOfAnotherVersionBehindAHello) {
    const Buffer first = record(22, hello("a.example"));
    EXPECT_EQ(read_whole(first + odd(first, 0x0200)).failure, Reason::tls_malformed);
}

}  // namespace
}  // namespace sluis::test
