// However a client's or server's stream is cut, ordered and framed in records, the names in it, the verdict, and what
// its receiver gets are those of the whole.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>

#include "dataplane/protocol/dns_message.h"
#include "dataplane/protocol/tls_record.h"
#include "tests/unit/property_trials.h"

namespace sluis::test {
namespace {

using Corpus = PropertyCorpus<StreamCase>;
using Pieces = std::vector<Piece>;

Outcome in_one_piece(PropertyTrials& trials, const StreamCase& stream) {
    return trials.run(stream, {{0, stream.bytes.size()}});
}

/// The inputs of a fuzz target, in the order of their names.
std::vector<std::pair<std::string, Buffer>> fuzz_corpus(const std::string& target) {
    std::vector<std::pair<std::string, Buffer>> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(SLUIS_SOURCE_DIR "/tests/fuzz/corpus/" + target)) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        inputs.emplace_back(entry.path().filename().string(), buffer(std::string_view(bytes)));
    }
    std::sort(inputs.begin(), inputs.end());
    return inputs;
}

Corpus& tls() {
    static Corpus corpus = [] {
        std::vector<StreamCase> streams;
        for (const Sample& sample : kSamples) streams.push_back({sample.file, test::sample(sample.file)});
        streams.push_back({"malformed", test::sample("malformed_server_name.bin")});
        streams.push_back({"made", tls_hello("www.tiktok.com")});
        return Corpus(std::move(streams), in_one_piece);
    }();
    return corpus;
}

/// Queries come from clients, answers from servers (RFC 1035, section 4.1.1: QR).
Corpus& dns() {
    static Corpus corpus = [] {
        std::vector<StreamCase> streams;
        for (const auto& [name, message] : fuzz_corpus("dns_message")) {
            if (message.size() < kDnsHeaderSize) continue;
            const bool answer = (message[2] & std::byte{0x80}) != std::byte{0};
            streams.push_back({name, prefixed(2, message), 53, answer ? Side::outside : Side::inside});
        }
        return Corpus(std::move(streams), in_one_piece);
    }();
    return corpus;
}

Corpus& http() {
    static Corpus corpus = [] {
        const std::string host = "Host: www.example.org\r\n";
        std::vector<StreamCase> streams{
            {"two requests", buffer("GET /a HTTP/1.1\r\n" + host + "\r\nGET /b HTTP/1.1\r\n" + host + "\r\n")},
            {"body",
             buffer("POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n" + host + "\r\n")},
            {"chunks",
             buffer("POST / HTTP/1.1\r\n" + host +
                    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n" + host + "\r\n")},
            {"connect", buffer("CONNECT www.example.org:443 HTTP/1.1\r\n" + host + "\r\n")},
            {"two hosts", buffer("GET / HTTP/1.1\r\n" + host + "Host: www.example.com\r\n\r\n")},
        };
        for (const auto& [name, bytes] : fuzz_corpus("http_request")) streams.push_back({name, bytes});
        for (const auto& [name, bytes] : fuzz_corpus("http2_frame"))
            streams.push_back({name, buffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + bytes});
        for (StreamCase& stream : streams) stream.port = 80;
        return Corpus(std::move(streams), in_one_piece);
    }();
    return corpus;
}

/// `count` pieces without a gap, cut at random.
Pieces random_pieces(std::mt19937& random, std::size_t size, std::size_t count) {
    std::vector<std::size_t> cuts{0, size};
    for (std::size_t i = 1; i < count; ++i) cuts.push_back(random() % size);
    std::sort(cuts.begin(), cuts.end());
    Pieces pieces;
    for (std::size_t i = 1; i < cuts.size(); ++i)
        if (cuts[i] > cuts[i - 1]) pieces.push_back({cuts[i - 1], cuts[i]});
    return pieces;
}

void check_every_cut(Corpus& corpus) {
    for (std::size_t i = 0; i < corpus.items.size(); ++i) {
        const StreamCase& stream = corpus.items[i];
        for (std::size_t cut = 1 + i % kCutStep; cut < stream.bytes.size(); cut += kCutStep) {
            const Piece first{0, cut}, second{cut, stream.bytes.size()};
            for (const Pieces& pieces : {Pieces{first, second}, Pieces{second, first}})
                ASSERT_TRUE(corpus.same(i, [&](PropertyTrials& trials) { return trials.run(stream, pieces); }))
                    << stream.label << ": " << pieces[0] << ", " << pieces[1];
        }
    }
}

void check_three_pieces(Corpus& corpus) {
    std::mt19937 random(3);
    for (std::size_t i = 0; i < corpus.items.size(); ++i) {
        const StreamCase& stream = corpus.items[i];
        for (std::size_t n = 0; n < 210 / kCutStep; ++n) {
            const Pieces cut = random_pieces(random, stream.bytes.size(), 3);
            std::vector<std::size_t> order(cut.size());
            std::iota(order.begin(), order.end(), 0);
            do {
                Pieces pieces;
                for (const std::size_t place : order) pieces.push_back(cut[place]);
                ASSERT_TRUE(corpus.same(i, [&](PropertyTrials& trials) { return trials.run(stream, pieces); }))
                    << stream.label << ": " << ::testing::PrintToString(pieces);
            } while (std::next_permutation(order.begin(), order.end()));
        }
    }
}

/// Many pieces in any order, and some of their bytes twice, with the same content.
void check_overlapping_pieces(Corpus& corpus) {
    std::mt19937 random(4);
    for (std::size_t i = 0; i < corpus.items.size(); ++i) {
        const StreamCase& stream = corpus.items[i];
        for (std::size_t n = 0; n < 350 / kCutStep; ++n) {
            Pieces pieces = random_pieces(random, stream.bytes.size(), 2 + random() % 9);
            for (Piece& piece : pieces) {
                piece.from -= std::min<std::size_t>(piece.from, random() % 4 * 8);
                piece.to += std::min<std::size_t>(stream.bytes.size() - piece.to, random() % 4 * 8);
            }
            std::shuffle(pieces.begin(), pieces.end(), random);
            ASSERT_TRUE(corpus.same(i, [&](PropertyTrials& trials) { return trials.run(stream, pieces); }))
                << stream.label << ": " << ::testing::PrintToString(pieces);
        }
    }
}

TEST(StreamProperty, TheSamplesAreReadInOnePiece) {
    Corpus& corpus = tls();
    for (std::size_t i = 0; i < std::size(kSamples); ++i) {
        const bool named = kSamples[i].name != nullptr;
        EXPECT_TRUE(corpus.allowed[i].complete) << kSamples[i].file;
        EXPECT_EQ(corpus.enforced[i].complete, !named) << kSamples[i].file;
        EXPECT_EQ(corpus.enforced[i].reason, named ? Reason::rule : Reason::none) << kSamples[i].file;
        if (!named) continue;
        EXPECT_EQ(corpus.enforced[i].blocked, kSamples[i].name);
        ASSERT_FALSE(corpus.allowed[i].names.empty()) << kSamples[i].file;
        EXPECT_EQ(corpus.allowed[i].names[0], kSamples[i].name);
    }
}

/// So that the properties below are about something: most of a corpus passes in one mode and is refused in the other.
TEST(StreamProperty, MostOfTheCorpusIsNamed) {
    for (Corpus* const corpus : {&tls(), &dns(), &http()}) {
        std::size_t named = 0;
        for (std::size_t i = 0; i < corpus->items.size(); ++i)
            named += corpus->allowed[i].complete && corpus->enforced[i].reason == Reason::rule &&
                     !corpus->enforced[i].complete;
        EXPECT_GT(named, corpus->items.size() / 2) << corpus->items[0].label;
    }
}

TEST(StreamProperty, TlsCutAtEveryByte) { check_every_cut(tls()); }
TEST(StreamProperty, DnsCutAtEveryByte) { check_every_cut(dns()); }
TEST(StreamProperty, HttpCutAtEveryByte) { check_every_cut(http()); }

TEST(StreamProperty, TlsInThreePiecesInEveryOrder) { check_three_pieces(tls()); }
TEST(StreamProperty, DnsInThreePiecesInEveryOrder) { check_three_pieces(dns()); }
TEST(StreamProperty, HttpInThreePiecesInEveryOrder) { check_three_pieces(http()); }

TEST(StreamProperty, TlsInOverlappingPieces) { check_overlapping_pieces(tls()); }
TEST(StreamProperty, DnsInOverlappingPieces) { check_overlapping_pieces(dns()); }
TEST(StreamProperty, HttpInOverlappingPieces) { check_overlapping_pieces(http()); }

/// The stream with its first record, which holds a hello and nothing else, made two.
StreamCase in_two_records(const StreamCase& stream, std::size_t cut) {
    const std::size_t length = get16(stream.bytes, 3);
    const Buffer message = slice(stream.bytes, kTlsRecordHeaderSize, length);
    const int minor = std::to_integer<int>(stream.bytes[2]);
    StreamCase framed = stream;
    framed.bytes = record(22, slice(message, 0, cut), minor) + record(22, slice(message, cut), minor) +
                   slice(stream.bytes, kTlsRecordHeaderSize + length);
    return framed;
}

TEST(StreamProperty, TlsInTwoRecordsCutAtEveryByte) {
    Corpus& corpus = tls();
    for (std::size_t i = 0; i < corpus.items.size(); ++i) {
        const std::size_t length = get16(corpus.items[i].bytes, 3);
        for (std::size_t cut = 1 + i % kCutStep; cut < length; cut += kCutStep) {
            const StreamCase framed = in_two_records(corpus.items[i], cut);
            ASSERT_TRUE(corpus.same(i, [&](PropertyTrials& trials) { return in_one_piece(trials, framed); }))
                << framed.label << ": " << cut;
        }
    }
}

TEST(StreamProperty, TlsInTwoRecordsAndPieces) {
    Corpus& corpus = tls();
    std::mt19937 random(5);
    for (std::size_t i = 0; i < corpus.items.size(); ++i) {
        const std::size_t length = get16(corpus.items[i].bytes, 3);
        for (std::size_t n = 0; n < 1400 / kCutStep; ++n) {
            const std::size_t cut = 1 + random() % (length - 1);
            const StreamCase framed = in_two_records(corpus.items[i], cut);
            Pieces pieces = random_pieces(random, framed.bytes.size(), 2 + random() % 3);
            std::shuffle(pieces.begin(), pieces.end(), random);
            ASSERT_TRUE(corpus.same(i, [&](PropertyTrials& trials) { return trials.run(framed, pieces); }))
                << framed.label << ": record " << cut << ", " << ::testing::PrintToString(pieces);
        }
    }
}

}  // namespace
}  // namespace sluis::test
