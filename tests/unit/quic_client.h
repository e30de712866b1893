// A QUIC client's and its server's Initials for pipeline tests, protected with the connection's own keys.
#pragma once

#include <algorithm>

#include "dataplane/protocol/quic_initial.h"
#include "tests/unit/pipeline_harness.h"

namespace sluis::test {

/// A handshake message in a CRYPTO frame (RFC 9000, section 19.6).
inline Buffer crypto_frame(std::size_t offset, const Buffer& data) {
    return buffer({6}) + big_endian(0x8000'0000 | offset, 4) + big_endian(0x4000 | data.size(), 2) + data;
}

struct QuicFields {
    std::uint32_t version = kQuicVersion1;
    Buffer destination = buffer("\x83\x94\xc8\xf0\x3e\x51\x57\x08");
    Buffer source = buffer("client");
    Buffer keys_from;  ///< the connection ID that the keys derive from; `destination` when empty
    QuicSender sender = QuicSender::client;
    std::uint32_t number = 0;
    std::uint8_t number_length = 1;  ///< bytes of the number that are sent
    std::size_t size = 1200;         ///< of the packet, by PADDING
    bool fixed_bit = true;
};
/// The packet, sealed again with a fixed bit of zero (RFC 9287). REQUIRES: a packet number below 256 in one byte.
inline Buffer without_fixed_bit(const Buffer& packet, const QuicInitialKeys& keys) {
    Buffer changed(packet.size());
    const auto header = parse_quic_long_header(packet);
    const auto payload = unprotect_quic_initial(*header, keys, changed);  // leaves the clear header in front
    if (!payload) return {};
    const std::size_t number_at = header->packet_number_offset;
    const MutableBytes clear(changed);
    clear[0] ^= std::byte{0x40};
    GcmNonce nonce = keys.iv;
    nonce.back() ^= clear[number_at];
    const MutableBytes sealed = clear.subspan(number_at + 1);
    aes128_gcm_seal(keys.key, nonce, clear.first(number_at + 1), payload->frames, sealed);
    AesBlock sample;
    std::copy_n(clear.begin() + static_cast<std::ptrdiff_t>(number_at) + 4, sample.size(), sample.begin());
    const AesBlock mask = aes128_encrypt(keys.header_protection, sample);
    clear[0] ^= mask[0] & std::byte{0x0f};
    clear[number_at] ^= mask[1];
    return changed;
}
inline Buffer quic_initial(const Buffer& frames, const QuicFields& fields = {}) {
    const Buffer& from = fields.keys_from.empty() ? fields.destination : fields.keys_from;
    const auto keys = derive_quic_initial_keys(fields.version, from, fields.sender);
    QuicInitialFields header;
    header.version = fields.version;
    header.destination = fields.destination;
    header.source = fields.source;
    header.packet_number = fields.number;
    header.packet_number_length = fields.number_length;
    Buffer room(4096);
    Buffer padded = frames;
    for (;;) {
        const auto packet = write_quic_initial(header, padded, keys, room);
        if (!packet) return {};
        if (packet->size() >= fields.size)
            return fields.fixed_bit ? buffer(*packet) : without_fixed_bit(buffer(*packet), keys);
        padded.resize(padded.size() + fields.size - packet->size());
    }
}
inline Buffer quic_hello(std::string_view name, const QuicFields& fields = {}) {
    return quic_initial(crypto_frame(0, hello(name)), fields);
}
/// What a server answers with: CRYPTO bytes to the client's connection ID.
inline Buffer quic_server_hello(const QuicFields& client = {}, const Buffer& server_id = buffer("server")) {
    QuicFields fields = client;
    fields.keys_from = client.keys_from.empty() ? client.destination : client.keys_from;
    fields.destination = client.source;
    fields.source = server_id;
    fields.sender = QuicSender::server;
    return quic_initial(crypto_frame(0, handshake(2, Buffer(80))), fields);
}
/// A 0-RTT packet of version 1, of 30 bytes and more, that nobody can open.
inline Buffer quic_zero_rtt(const QuicFields& fields = {}) {
    return buffer({0xd0, 0, 0, 0, 1}) + prefixed(1, fields.destination) + prefixed(1, fields.source) +
           prefixed(1, Buffer(24));
}

inline Buffer quic_datagram(const Buffer& payload, bool to_client = false, int port = 443, int client_port = 50443) {
    const Buffer packet = to_client ? udp(port, client_port, payload) : udp(client_port, port, payload);
    const char* const near = "192.0.2.10";
    const char* const far = "198.51.100.20";
    return ethernet(
        ipv4({.source = to_client ? far : near, .destination = to_client ? near : far, .protocol = kProtocolUdp},
             packet),
        kEtherIpv4, to_client);
}

}  // namespace sluis::test
