// Twice over each input: as a datagram from the wire, and as the connection ID, token and frames of an Initial that is
// written, opened again and refused.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "dataplane/packet/byte_reader.h"
#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/quic_initial.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void open_datagram(Bytes datagram) {
    const auto header = parse_quic_long_header(datagram);
    if (!header || header->type != QuicPacketType::initial) return;
    const auto keys = derive_quic_initial_keys(header->version, header->destination, QuicSender::client);
    std::vector<std::byte> scratch(header->packet.size());
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    if (!payload) return;
    QuicFrameReader reader(payload->frames);
    while (reader.next()) {
    }
}

void round_trip(ByteReader input) {
    constexpr std::array kVersions{kQuicVersion1, kQuicVersion2, kQuicDraft29};
    const std::uint8_t choice = input.u8();
    QuicInitialFields fields;
    fields.version = kVersions[choice % kVersions.size()];
    fields.packet_number_length = static_cast<std::uint8_t>((choice >> 2 & 3) + 1);
    fields.packet_number = input.u32() >> (32 - 8 * fields.packet_number_length);
    fields.destination = input.bytes(input.u8() % 21);
    fields.source = input.bytes(input.u8() % 21);
    fields.token = input.bytes(input.u8());
    const Bytes frames = input.rest();
    if (!input.ok() || frames.size() > 9000) return;

    std::vector<std::byte> room(frames.size() + fields.token.size() + 80);
    const auto keys = derive_quic_initial_keys(fields.version, fields.destination, QuicSender::client);
    const auto written = write_quic_initial(fields, frames, keys, room);
    require(written.has_value());
    const auto header = parse_quic_long_header(*written);
    require(header.has_value() && header->type == QuicPacketType::initial);
    std::vector<std::byte> scratch(header->packet.size());
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    require(payload || (frames.empty() && payload.error() == Reason::quic_frame));
    if (!payload) return;
    require(payload->packet_number == fields.packet_number && payload->frames.size() >= frames.size());
    require(std::equal(frames.begin(), frames.end(), payload->frames.begin()));

    std::array<std::byte, 73> refusal;
    require(write_quic_refusal(*header, fields.destination, fields.destination, refusal).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input(reinterpret_cast<const std::byte*>(data), size);
    open_datagram(input);
    round_trip(ByteReader(input));
    return 0;
}
