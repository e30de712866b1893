// However a QUIC client's hello is cut into CRYPTO frames and datagrams, and in whatever order they come, the name in
// it, the verdict, and whether all of it gets through are those of the whole.
#include <numeric>
#include <random>

#include "dataplane/protocol/quic_frame.h"
#include "tests/unit/property_trials.h"
#include "tests/unit/quic_sample.h"

namespace sluis::test {
namespace {

/// The CRYPTO bytes of a client's Initials, and the version that they came in.
struct Hello {
    std::string label;
    std::uint32_t version = kQuicVersion1;
    Buffer message;
};

using Corpus = PropertyCorpus<Hello>;

/// Datagrams of captures: what one hello needs in all of its CRYPTO frames, and the name that an independent dissector
/// shows; nullptr for none.
struct Capture {
    const char* name;
    std::vector<const char*> files;
};
const std::vector<Capture> kCaptures{
    {"facebook.com", {"quic_initial_facebook_com.bin"}},
    {"facebook.com", {"quic_initial_facebook_com_quiche.bin"}},
    {"rr1---sn-xguxaxjvh-n8me.googlevideo.com",
     {"quic_initial_rr1---sn-xguxaxjvh-n8me_googlevideo_com_kyber_1.bin",
      "quic_initial_rr1---sn-xguxaxjvh-n8me_googlevideo_com_kyber_2.bin"}},
    {"rr2---sn-gvnuxaxjvh-o8ge.googlevideo.com", {"quic_initial_rr2---sn-gvnuxaxjvh-o8ge_googlevideo_com.bin"}},
    {"rutracker.org", {"quic_initial_rutracker_org.bin"}},
    {"rutracker.org", {"quic_initial_rutracker_org_kyber_1.bin", "quic_initial_rutracker_org_kyber_2.bin"}},
    {"st.vk.com", {"quic_initial_vk_com.bin"}},
    {"www.google.com", {"quic_initial_www_google_com.bin"}},
    {nullptr, {"quic_v2_client_initial.bin"}},
    {"example.com", {"rfc9001_client_initial.bin"}},
    {"example.com", {"rfc9369_client_initial.bin"}},
};

/// Opens a client's Initial and puts its CRYPTO frames in their places.
void collect(const Buffer& datagram, Hello& hello) {
    const auto header = parse_quic_long_header(datagram);
    ASSERT_TRUE(header) << hello.label;
    hello.version = header->version;
    const auto keys = derive_quic_initial_keys(header->version, header->destination, QuicSender::client);
    Buffer scratch(datagram.size());
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    ASSERT_TRUE(payload) << hello.label;
    QuicFrameReader frames(payload->frames);
    while (const auto frame = frames.next()) {
        hello.message.resize(std::max<std::size_t>(hello.message.size(), frame->offset + frame->data.size()));
        std::copy(frame->data.begin(), frame->data.end(),
                  hello.message.begin() + static_cast<std::ptrdiff_t>(frame->offset));
    }
}

Hello read_hello(const Capture& capture) {
    Hello hello{.label = capture.files[0]};
    for (const char* file : capture.files) collect(read_sample(file), hello);
    return hello;
}

using Datagrams = std::vector<Buffer>;

/// Each string of frames in a datagram of its own, of one connection that there was not before.
Datagrams datagrams(const Hello& hello, const std::vector<Buffer>& payloads) {
    static std::size_t connection = 0;
    Datagrams all;
    QuicFields fields{.version = hello.version, .destination = big_endian(++connection, 8)};
    for (const Buffer& frames : payloads) {
        all.push_back(quic_initial(frames, fields));
        ++fields.number;
    }
    return all;
}

Buffer frame(const Hello& hello, const Piece& piece) {
    return crypto_frame(piece.from, slice(hello.message, piece.from, piece.to - piece.from));
}

Outcome in_one_frame(PropertyTrials& trials, const Hello& hello) {
    return trials.run(datagrams(hello, {frame(hello, {0, hello.message.size()})}));
}

Corpus& corpus() {
    static Corpus all = [] {
        std::vector<Hello> hellos;
        for (const Capture& capture : kCaptures) hellos.push_back(read_hello(capture));
        hellos.push_back({"made", kQuicVersion1, hello("www.tiktok.com")});
        hellos.push_back({"draft", kQuicDraft29, hello("www.example.org")});
        return Corpus(std::move(hellos), in_one_frame);
    }();
    return all;
}

TEST(QuicProperty, TheCapturesAreReadInOneFrame) {
    for (std::size_t i = 0; i < kCaptures.size(); ++i) {
        const char* const file = kCaptures[i].files[0];
        const bool named = kCaptures[i].name != nullptr;
        const std::vector<std::string> names(named ? 1 : 0, named ? kCaptures[i].name : "");
        EXPECT_EQ(corpus().allowed[i], (Outcome{.names = names, .complete = true})) << file;
        const Outcome refused{.blocked = names.empty() ? "" : names[0], .reason = Reason::rule};
        EXPECT_EQ(corpus().enforced[i], named ? refused : corpus().allowed[i]) << file;
    }
}

/// Whether the hello comes to the same in `payloads`, in these and in their reverse order.
::testing::AssertionResult same_both_ways(std::size_t index, const Datagrams& there, const Datagrams& back) {
    if (auto result = corpus().same(index, [&](PropertyTrials& trials) { return trials.run(there); }); !result)
        return result;
    return corpus().same(index, [&](PropertyTrials& trials) { return trials.run(back); });
}

template <typename Arrange>
void check_every_cut(Arrange&& arrange) {
    for (std::size_t i = 0; i < corpus().items.size(); ++i) {
        const Hello& hello = corpus().items[i];
        for (std::size_t cut = 1 + i % kCutStep; cut < hello.message.size(); cut += kCutStep) {
            const Buffer first = frame(hello, {0, cut}), second = frame(hello, {cut, hello.message.size()});
            ASSERT_TRUE(
                same_both_ways(i, datagrams(hello, arrange(first, second)), datagrams(hello, arrange(second, first))))
                << hello.label << ": " << cut;
        }
    }
}

TEST(QuicProperty, InTwoFramesCutAtEveryByte) {
    check_every_cut([](const Buffer& a, const Buffer& b) { return std::vector<Buffer>{a + b}; });
}

TEST(QuicProperty, InTwoDatagramsCutAtEveryByte) {
    check_every_cut([](const Buffer& a, const Buffer& b) { return std::vector<Buffer>{a, b}; });
}

/// Frames in any order and any of some datagrams, some of their bytes twice, between PADDING and PING.
TEST(QuicProperty, InManyFramesAndDatagrams) {
    std::mt19937 random(6);
    for (std::size_t i = 0; i < corpus().items.size(); ++i) {
        const Hello& hello = corpus().items[i];
        const std::size_t size = hello.message.size();
        for (std::size_t n = 0; n < 420 / kCutStep; ++n) {
            std::vector<std::size_t> cuts{0, size};
            for (std::size_t c = random() % 8; c > 0; --c) cuts.push_back(random() % size);
            std::sort(cuts.begin(), cuts.end());
            std::vector<Buffer> frames;
            for (std::size_t c = 1; c < cuts.size(); ++c) {
                const std::size_t to = std::min(size, cuts[c] + random() % 3 * 8);
                frames.push_back(frame(hello, {cuts[c - 1], to}) + Buffer(random() % 3) + buffer({1}));
            }
            std::shuffle(frames.begin(), frames.end(), random);
            std::vector<Buffer> payloads(1 + random() % frames.size());
            for (const Buffer& one : frames) {
                Buffer& payload = payloads[random() % payloads.size()];
                payload = payload + one;
            }
            std::erase(payloads, Buffer{});
            // What comes behind the frame that completes the hello changes nothing.
            const Datagrams there = datagrams(hello, payloads);
            std::reverse(payloads.begin(), payloads.end());
            ASSERT_TRUE(same_both_ways(i, there, datagrams(hello, payloads))) << hello.label << ": trial " << n;
        }
    }
}

}  // namespace
}  // namespace sluis::test
