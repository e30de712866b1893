#include "dataplane/protocol/quic_initial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "dataplane/packet/byte_writer.h"
#include "dataplane/protocol/quic_frame.h"
#include "tests/unit/quic_sample.h"

namespace sluis {
namespace {

const Buffer kDestination = from_hex("8394c8f03e515708");  // RFC 9001 and RFC 9369, appendices A

/// Opens a datagram's first packet with the keys of `destination`.
struct Opened {
    Opened(Bytes datagram, Bytes destination, QuicSender sender) : scratch(datagram.size()) {
        const auto parsed = parse_quic_long_header(datagram);
        if (!parsed) {
            payload = Failure(parsed.error());
            return;
        }
        header = *parsed;
        payload =
            unprotect_quic_initial(header, derive_quic_initial_keys(header.version, destination, sender), scratch);
    }
    bool ok() const { return payload.has_value(); }

    Buffer scratch;
    QuicLongHeader header;
    Result<QuicInitialPayload> payload = Failure(Reason::none);
};

/// Opens a client's Initial with the keys of its own Destination Connection ID.
Opened open_client(Bytes datagram) {
    const auto header = parse_quic_long_header(datagram);
    return Opened(datagram, header ? header->destination : Bytes{}, QuicSender::client);
}

struct KeysCase {
    const char* name;
    std::uint32_t version;
    QuicSender sender;
    const char* key;
    const char* iv;
    const char* header_protection;
};

class InitialKeys : public testing::TestWithParam<KeysCase> {};

TEST_P(InitialKeys, KnownAnswer) {
    const QuicInitialKeys keys = derive_quic_initial_keys(GetParam().version, kDestination, GetParam().sender);
    EXPECT_EQ(to_hex(keys.key), GetParam().key);
    EXPECT_EQ(to_hex(keys.iv), GetParam().iv);
    EXPECT_EQ(to_hex(keys.header_protection), GetParam().header_protection);
}

// RFC 9001, A.1; RFC 9369, A.1; draft-ietf-quic-tls-29, A.1.
INSTANTIATE_TEST_SUITE_P(
    Specification, InitialKeys,
    testing::Values(KeysCase{"v1_client", kQuicVersion1, QuicSender::client, "1f369613dd76d5467730efcbe3b1a22d",
                             "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
                    KeysCase{"v1_server", kQuicVersion1, QuicSender::server, "cf3a5331653c364c88f0f379b6067e37",
                             "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314"},
                    KeysCase{"v2_client", kQuicVersion2, QuicSender::client, "8b1a0bc121284290a29e0971b5cd045d",
                             "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"},
                    KeysCase{"v2_server", kQuicVersion2, QuicSender::server, "82db637861d55e1d011f19ea71d5d2a7",
                             "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a"},
                    KeysCase{"draft29_client", kQuicDraft29, QuicSender::client, "175257a31eb09dea9366d8bb79ad80ba",
                             "6b26114b9cba2b63a9e8dd4f", "9ddd12c994c0698b89374a9c077a3077"},
                    KeysCase{"draft29_server", kQuicDraft29, QuicSender::server, "149d0b1662ab871fbe63c49b5e655a5d",
                             "bab2b12a4c76016ace47856d", "c0c499a65a60024a18a250974ea01dfa"}),
    [](const auto& row) { return row.param.name; });

// The frames of RFC 9001's and RFC 9369's packets: A.2 up to its PADDING, and A.3.
constexpr std::string_view kClientFrames =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000"
    "000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00050005010000"
    "0000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d00"
    "10000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ff"
    "ff0801100104800075300901100f088394c8f03e51570806048000ffff";
constexpr std::string_view kServerFrames =
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e00"
    "330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304";

struct PacketCase {
    const char* file;
    std::uint32_t version;
    QuicSender sender;
};

class SpecifiedPacket : public testing::TestWithParam<PacketCase> {
protected:
    Buffer frames() const {
        const bool client = GetParam().sender == QuicSender::client;
        Buffer bytes = from_hex(client ? kClientFrames : kServerFrames);
        if (client) bytes.resize(1162);
        return bytes;
    }
};

TEST_P(SpecifiedPacket, Opens) {
    const Buffer datagram = read_sample(GetParam().file);
    const Opened opened(datagram, kDestination, GetParam().sender);
    ASSERT_TRUE(opened.ok()) << name(opened.payload.error());
    EXPECT_EQ(opened.payload->packet_number, GetParam().sender == QuicSender::client ? 2u : 1u);
    EXPECT_EQ(to_hex(opened.payload->frames), to_hex(frames()));
}

TEST_P(SpecifiedPacket, IsWrittenAlike) {
    const Buffer source = from_hex("f067a5502a4262b5");
    QuicInitialFields fields;
    fields.version = GetParam().version;
    if (GetParam().sender == QuicSender::client) {
        fields.destination = kDestination;
        fields.packet_number = 2;
        fields.packet_number_length = 4;
    } else {
        fields.source = source;
        fields.packet_number = 1;
        fields.packet_number_length = 2;
    }
    Buffer room(1500);
    const auto keys = derive_quic_initial_keys(GetParam().version, kDestination, GetParam().sender);
    const auto written = write_quic_initial(fields, frames(), keys, room);
    ASSERT_TRUE(written.has_value());
    EXPECT_EQ(to_hex(*written), to_hex(read_sample(GetParam().file)));
}

INSTANTIATE_TEST_SUITE_P(All, SpecifiedPacket,
                         testing::Values(PacketCase{"rfc9001_client_initial.bin", kQuicVersion1, QuicSender::client},
                                         PacketCase{"rfc9001_server_initial.bin", kQuicVersion1, QuicSender::server},
                                         PacketCase{"rfc9369_client_initial.bin", kQuicVersion2, QuicSender::client},
                                         PacketCase{"rfc9369_server_initial.bin", kQuicVersion2, QuicSender::server}));

struct NumberCase {
    const char* name;
    std::uint64_t largest;
    std::uint32_t number;
    std::uint8_t length;
    bool opens;
};

class PacketNumber : public testing::TestWithParam<NumberCase> {};

TEST_P(PacketNumber, IsFilledInFromTheLargest) {
    QuicInitialFields fields;
    fields.destination = kDestination;
    fields.packet_number = GetParam().number;
    fields.packet_number_length = GetParam().length;
    const auto keys = derive_quic_initial_keys(fields.version, kDestination, QuicSender::client);
    Buffer room(200);
    const auto written = write_quic_initial(fields, from_hex("01010101"), keys, room);
    ASSERT_TRUE(written);
    Buffer scratch(200);
    const auto payload = unprotect_quic_initial(*parse_quic_long_header(*written), keys, scratch, GetParam().largest);
    ASSERT_EQ(payload.has_value(), GetParam().opens);
    if (payload) EXPECT_EQ(payload->packet_number, GetParam().number);
    if (!payload) EXPECT_EQ(payload.error(), Reason::quic_authentication);
}

// The third is RFC 9000's own example (appendix A.3), with a number that fits four bytes.
INSTANTIATE_TEST_SUITE_P(
    All, PacketNumber,
    testing::Values(NumberCase{"first", 0, 0x12345678, 4, true}, NumberCase{"first_cut", 0, 300, 1, false},
                    NumberCase{"specified", 0xa82f30ea, 0xa82f9b32, 2, true}, NumberCase{"next", 300, 301, 1, true},
                    NumberCase{"over_a_byte", 255, 256, 1, true}, NumberCase{"late", 256, 255, 1, true},
                    NumberCase{"half_a_window_on", 300, 429, 1, true},
                    NumberCase{"beyond_half_a_window", 300, 430, 1, false},
                    NumberCase{"half_a_window_back", 300, 174, 1, true}, NumberCase{"begun_anew", 300, 2, 1, true},
                    NumberCase{"largest_of_all", (std::uint64_t{1} << 62) - 1, 2, 1, true}),
    [](const auto& row) { return row.param.name; });

/// The CRYPTO stream of several datagrams, as far as it has no hole.
std::string crypto_stream(const std::vector<std::string>& files) {
    std::map<std::uint64_t, std::string> pieces;
    for (const std::string& file : files) {
        const Buffer datagram = read_sample(file);
        const Opened opened = open_client(datagram);
        EXPECT_TRUE(opened.ok()) << file << ": " << name(opened.payload.error());
        if (!opened.ok()) return {};
        QuicFrameReader reader(opened.payload->frames);
        auto frame = reader.next();
        for (; frame; frame = reader.next()) pieces[frame->offset] = as_text(frame->data);
        EXPECT_EQ(frame.error(), Reason::incomplete) << file;
    }
    std::string stream;
    for (const auto& [offset, piece] : pieces) {
        if (offset != stream.size()) break;
        stream += piece;
    }
    return stream;
}

struct CaptureCase {
    std::vector<std::string> files;
    std::size_t size;
    std::string server_name;
};

class CapturedHello : public testing::TestWithParam<CaptureCase> {};

TEST_P(CapturedHello, IsReadWhole) {
    const std::string hello = crypto_stream(GetParam().files);
    ASSERT_EQ(hello.size(), GetParam().size);
    EXPECT_EQ(hello[0], 1) << "ClientHello";
    const auto body =
        static_cast<std::size_t>(static_cast<unsigned char>(hello[2]) << 8 | static_cast<unsigned char>(hello[3]));
    EXPECT_EQ(body + 4, hello.size());
    EXPECT_NE(hello.find(GetParam().server_name), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Browsers, CapturedHello,
    testing::Values(CaptureCase{{"quic_initial_facebook_com.bin"}, 328, "facebook.com"},
                    CaptureCase{{"quic_initial_facebook_com_quiche.bin"}, 270, "facebook.com"},
                    CaptureCase{{"quic_initial_rr2---sn-gvnuxaxjvh-o8ge_googlevideo_com.bin"},
                                299,
                                "rr2---sn-gvnuxaxjvh-o8ge.googlevideo.com"},
                    CaptureCase{{"quic_initial_rutracker_org.bin"}, 329, "rutracker.org"},
                    CaptureCase{{"quic_initial_vk_com.bin"}, 512, "st.vk.com"},
                    CaptureCase{{"quic_initial_www_google_com.bin"}, 273, "www.google.com"},
                    CaptureCase{{"quic_initial_rutracker_org_kyber_1.bin", "quic_initial_rutracker_org_kyber_2.bin"},
                                1773,
                                "rutracker.org"},
                    CaptureCase{{"quic_initial_rr1---sn-xguxaxjvh-n8me_googlevideo_com_kyber_2.bin",
                                 "quic_initial_rr1---sn-xguxaxjvh-n8me_googlevideo_com_kyber_1.bin"},
                                2036,
                                "rr1---sn-xguxaxjvh-n8me.googlevideo.com"},
                    CaptureCase{{"quic_v2_client_initial.bin"}, 251, "\x02h3"}));

TEST(QuicInitial, EveryChangedByteIsNoticed) {
    const Buffer original = read_sample("quic_initial_rutracker_org_kyber_1.bin");
    ASSERT_TRUE(open_client(original).ok());
    const auto header = parse_quic_long_header(original);
    for (std::size_t i = 0; i < header->packet.size(); ++i) {
        Buffer datagram = original;
        datagram[i] ^= std::byte{0x01};
        EXPECT_FALSE(Opened(datagram, header->destination, QuicSender::client).ok()) << i;
    }
}

TEST(QuicInitial, JunkBehindThePacketIsLeftAlone) {
    Buffer datagram = read_sample("quic_initial_www_google_com.bin");
    datagram.resize(datagram.size() + 37, std::byte{0xff});
    EXPECT_TRUE(open_client(datagram).ok());
}

TEST(QuicInitial, ThePacketIsNotChanged) {
    const Buffer original = read_sample("quic_initial_www_google_com.bin");
    const Buffer datagram = original;
    EXPECT_TRUE(open_client(datagram).ok());
    EXPECT_EQ(datagram, original);
}

TEST(QuicInitial, WrongKeysFail) {
    const Buffer datagram = read_sample("rfc9001_client_initial.bin");
    EXPECT_EQ(Opened(datagram, kDestination, QuicSender::server).payload.error(), Reason::quic_authentication);
    EXPECT_EQ(Opened(datagram, from_hex("8394c8f03e515709"), QuicSender::client).payload.error(),
              Reason::quic_authentication);
    EXPECT_EQ(Opened(datagram, {}, QuicSender::client).payload.error(), Reason::quic_authentication);
}

TEST(QuicInitial, ScratchMustHoldThePacket) {
    const Buffer datagram = read_sample("rfc9001_client_initial.bin");
    const auto header = parse_quic_long_header(datagram);
    const auto keys = derive_quic_initial_keys(kQuicVersion1, kDestination, QuicSender::client);
    Buffer scratch(datagram.size() - 1);
    EXPECT_EQ(unprotect_quic_initial(*header, keys, scratch).error(), Reason::quic_header);
}

struct RoundTripCase {
    const char* name;
    std::uint32_t version;
    std::size_t destination_size;
    std::size_t token_size;
    std::uint32_t packet_number;
    std::uint8_t packet_number_length;
    std::size_t frames_size;
};

class RoundTrip : public testing::TestWithParam<RoundTripCase> {};

TEST_P(RoundTrip, OpensWhatWasWritten) {
    const RoundTripCase& row = GetParam();
    const Buffer destination(row.destination_size, std::byte{7}), token(row.token_size, std::byte{8});
    Buffer frames(row.frames_size, std::byte{1});
    QuicInitialFields fields{row.version, destination, {}, token, row.packet_number, row.packet_number_length};
    Buffer room(row.frames_size + row.token_size + 80);
    const auto keys = derive_quic_initial_keys(row.version, destination, QuicSender::client);
    const auto written = write_quic_initial(fields, frames, keys, room);
    ASSERT_TRUE(written.has_value());

    const Opened opened = open_client(*written);
    ASSERT_TRUE(opened.ok()) << name(opened.payload.error());
    EXPECT_EQ(to_hex(opened.header.token), to_hex(token));
    EXPECT_EQ(opened.payload->packet_number, row.packet_number);
    frames.resize(opened.payload->frames.size());  // PADDING
    EXPECT_EQ(to_hex(opened.payload->frames), to_hex(frames));
}

INSTANTIATE_TEST_SUITE_P(Fields, RoundTrip,
                         testing::Values(RoundTripCase{"no_destination", kQuicVersion1, 0, 0, 0, 1, 100},
                                         RoundTripCase{"longest_destination", kQuicDraft29, 20, 0, 0xff, 1, 100},
                                         RoundTripCase{"two_byte_number", kQuicVersion2, 8, 0, 0x1234, 2, 100},
                                         RoundTripCase{"three_byte_number", kQuicVersion1, 8, 0, 0x123456, 3, 100},
                                         RoundTripCase{"four_byte_number", kQuicVersion1, 8, 0, 0xfffffffe, 4, 100},
                                         RoundTripCase{"one_frame_is_padded", kQuicVersion1, 8, 0, 1, 1, 1},
                                         RoundTripCase{"long_token", kQuicVersion1, 8, 1100, 1, 1, 200},
                                         RoundTripCase{"block_boundary", kQuicVersion1, 8, 63, 1, 1, 1024},
                                         RoundTripCase{"jumbo", kQuicVersion2, 8, 0, 1, 1, 9000}),
                         [](const auto& row) { return row.param.name; });

/// Seals a packet under a header of any first byte; the packet number is 0.
Buffer seal(std::uint8_t first, Bytes frames) {
    const std::size_t number_length = (first & 3u) + 1;
    Buffer packet(64 + frames.size());
    ByteWriter writer(packet);
    writer.u8(first);
    writer.u32(kQuicVersion1);
    writer.u8(8);
    writer.bytes(kDestination);
    writer.u16(0);  // no source, no token
    writer.varint(number_length + frames.size() + kGcmTagSize);
    const std::size_t offset = writer.size();
    for (std::size_t i = 0; i < number_length; ++i) writer.u8(0);
    packet.resize(writer.size() + frames.size() + kGcmTagSize);
    const MutableBytes all(packet);
    const auto keys = derive_quic_initial_keys(kQuicVersion1, kDestination, QuicSender::client);
    aes128_gcm_seal(keys.key, keys.iv, all.first(offset + number_length), frames, all.subspan(offset + number_length));
    if (packet.size() < offset + 20) return packet;  // no sample, no header protection
    AesBlock sample;
    std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(offset) + 4, sample.size(), sample.begin());
    const AesBlock mask = aes128_encrypt(keys.header_protection, sample);
    packet[0] ^= mask[0] & std::byte{0x0f};
    for (std::size_t i = 0; i < number_length; ++i) packet[offset + i] ^= mask[1 + i];
    return packet;
}

TEST(QuicInitial, ReservedBitsMustBeZero) {
    const Buffer frames(40, std::byte{1});
    EXPECT_TRUE(open_client(seal(0xc0, frames)).ok());
    for (const std::uint8_t first : {0xc4, 0xc8, 0xcc}) {
        EXPECT_EQ(open_client(seal(first, frames)).payload.error(), Reason::quic_header);
    }
    Buffer changed = seal(0xc4, frames);
    changed.back() ^= std::byte{1};
    EXPECT_EQ(open_client(changed).payload.error(), Reason::quic_authentication) << "authentication comes first";
}

TEST(QuicInitial, APacketWithoutFramesIsRefused) {
    EXPECT_EQ(open_client(seal(0xc3, {})).payload.error(), Reason::quic_frame);
    EXPECT_TRUE(open_client(seal(0xc3, from_hex("01"))).ok());
}

TEST(QuicInitial, APacketWithoutSampleIsRefused) {
    EXPECT_EQ(open_client(seal(0xc0, from_hex("0101"))).payload.error(), Reason::quic_header);
    EXPECT_TRUE(open_client(seal(0xc0, from_hex("010101"))).ok());
    EXPECT_EQ(open_client(from_hex("c0 00000001 00 00 00 00")).payload.error(), Reason::quic_header);
}

class Refusal : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Refusal, IsAServerInitialThatClosesTheConnection) {
    const Buffer source = from_hex("0102030405"), current = from_hex("aabbccddeeff00112233445566778899aabbccdd");
    const auto client_keys = derive_quic_initial_keys(GetParam(), current, QuicSender::client);
    Buffer room(200);
    const QuicInitialFields fields{GetParam(), current, source, {}, 0, 1};
    const auto client = parse_quic_long_header(*write_quic_initial(fields, from_hex("01010101"), client_keys, room));

    std::array<std::byte, 128> refusal_room;
    const auto refusal = write_quic_refusal(*client, kDestination, current, refusal_room);
    ASSERT_TRUE(refusal.has_value());
    const Opened opened(*refusal, kDestination, QuicSender::server);
    ASSERT_TRUE(opened.ok()) << name(opened.payload.error());
    EXPECT_EQ(opened.header.version, GetParam());
    EXPECT_EQ(opened.header.type, QuicPacketType::initial);
    EXPECT_EQ(to_hex(opened.header.destination), to_hex(source));
    EXPECT_EQ(to_hex(opened.header.source), to_hex(current));
    EXPECT_TRUE(opened.header.token.empty());
    EXPECT_EQ(opened.header.packet.size(), refusal->size());
    // A server has used the first few already when only a later datagram tells the name.
    EXPECT_GT(opened.payload->packet_number, 100u);
    EXPECT_EQ(std::to_integer<int>(opened.scratch[0]) & 3, 3) << "other numbers of the server may be large";
    EXPECT_EQ(to_hex(opened.payload->frames), "1c020000");
    QuicFrameReader reader(opened.payload->frames);
    EXPECT_EQ(reader.next().error(), Reason::incomplete);
    EXPECT_TRUE(reader.closes());
}

INSTANTIATE_TEST_SUITE_P(Versions, Refusal, testing::Values(kQuicVersion1, kQuicVersion2, kQuicDraft29));

TEST(QuicRefusal, AnswersInitialsOnlyAndFitsItsRoom) {
    const Buffer datagram = read_sample("quic_initial_www_google_com.bin");
    auto client = parse_quic_long_header(datagram);
    ASSERT_TRUE(client.has_value());
    std::array<std::byte, 128> room;
    const auto refusal = write_quic_refusal(*client, client->destination, client->destination, room);
    ASSERT_TRUE(refusal.has_value());
    const std::size_t size = refusal->size();
    EXPECT_EQ(write_quic_refusal(*client, client->destination, client->destination, MutableBytes(room).first(size - 1))
                  .error(),
              Reason::no_frame);
    EXPECT_TRUE(write_quic_refusal(*client, client->destination, client->destination, MutableBytes(room).first(size))
                    .has_value());
    client->type = QuicPacketType::handshake;
    EXPECT_EQ(write_quic_refusal(*client, client->destination, client->destination, room).error(), Reason::quic_header);
}

}  // namespace
}  // namespace sluis
