// ClientHellos for tests: real ones from tests/unit/data/tls, and made ones that can be read and diffed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/packet/bytes.h"

namespace sluis::test {

using Buffer = std::vector<std::byte>;

inline Buffer buffer(std::initializer_list<int> values) {
    Buffer out;
    for (int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}
inline Buffer buffer(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
inline Buffer buffer(std::string_view text) { return buffer(as_bytes(text)); }

inline Buffer operator+(Buffer left, const Buffer& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline Buffer big_endian(std::size_t value, std::size_t size) {
    Buffer out(size);
    for (std::size_t i = size; i-- > 0; value >>= 8) out[i] = static_cast<std::byte>(value);
    return out;
}

/// `content` behind its length in `size` bytes.
inline Buffer prefixed(std::size_t size, const Buffer& content) { return big_endian(content.size(), size) + content; }

inline Buffer extension(std::size_t type, const Buffer& data) { return big_endian(type, 2) + prefixed(2, data); }
inline Buffer name_entry(std::string_view name, int type = 0) { return buffer({type}) + prefixed(2, buffer(name)); }
inline Buffer server_name(const Buffer& entries) { return extension(0, prefixed(2, entries)); }
inline Buffer server_name(std::string_view name) { return server_name(name_entry(name)); }

/// Everything of a ClientHello's body before the extensions.
inline Buffer hello_head(int major = 3, int minor = 3) {
    const Buffer session_id = prefixed(1, Buffer(32, std::byte{0x5e}));
    return buffer({major, minor}) + Buffer(32, std::byte{0xaa}) + session_id + prefixed(2, buffer({0x13, 0x01})) +
           prefixed(1, buffer({0}));
}
inline Buffer hello_body(const Buffer& extensions) { return hello_head() + prefixed(2, extensions); }
inline Buffer handshake(int type, const Buffer& body) { return buffer({type}) + prefixed(3, body); }
inline Buffer hello(std::string_view name) { return handshake(1, hello_body(server_name(name))); }
/// A ClientHello message for `name` of `size` bytes without its header, with the name behind the padding (RFC 7685).
inline Buffer padded_hello(std::string_view name, std::size_t size) {
    const std::size_t rest = hello_body(extension(21, {}) + server_name(name)).size();
    return handshake(1, hello_body(extension(21, Buffer(size - rest)) + server_name(name)));
}

inline Buffer record(int type, const Buffer& payload, int minor = 1) {
    return buffer({type, 3, minor}) + prefixed(2, payload);
}
/// A record with another version, of both bytes.
inline Buffer odd(Buffer record, int version) {
    record[1] = static_cast<std::byte>(version >> 8);
    record[2] = static_cast<std::byte>(version & 0xff);
    return record;
}

// What may come before a hello.
inline const Buffer kWarning = record(21, buffer({1, 90}));
inline const Buffer kCipherChange = record(20, buffer({1}));
inline const Buffer kHeartbeat = record(24, buffer({1, 0, 0}));

/// `payload` in handshake records of `size` bytes each.
inline Buffer records_of(std::size_t size, const Buffer& payload) {
    Buffer out;
    for (std::size_t at = 0; at < payload.size(); at += size) {
        out = out + record(22, buffer(Bytes(payload).subspan(at).first(std::min(size, payload.size() - at))));
    }
    return out;
}

/// The bytes of tests/unit/data/tls/`file`; empty when it cannot be read.
inline Buffer sample(const std::string& file) {
    std::ifstream in(SLUIS_SOURCE_DIR "/tests/unit/data/tls/" + file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    return buffer(std::string_view(content));
}

/// A capture's client stream that begins with a hello in one record.
struct Sample {
    const char* file;
    const char* name;  ///< nullptr for none
    const char* alpn;
};

inline constexpr char kWebAlpn[] = "\x02h2\x08http/1.1";
/// The names are those that an independent dissector shows.
inline constexpr Sample kSamples[] = {
    {"chrome_125_kyber.bin", "lh3.google.com", kWebAlpn},
    {"ech_cloudflare.bin", "cloudflare-ech.com", kWebAlpn},
    {"empty_extension.bin", "nv-homescout-intg.nvhomescout-transfer.com", ""},
    {"grease_google.bin", "www.google.com", kWebAlpn},
    {"grease.bin", "secure.adnxs.com", kWebAlpn},
    {"hello_retry_client.bin", nullptr, ""},
    {"ip_literal.bin", "104.236.167.107", ""},
    {"kyber_padded_vk.bin", "vk.com", kWebAlpn},
    {"kyber_rutracker.bin", "rutracker.org", kWebAlpn},
    {"sberbank.bin", "online.sberbank.ru", kWebAlpn},
    {"tls12_client.bin", "raw.githubusercontent.com", ""},
    {"two_hellos_client.bin", "localhost", ""},
};

/// The first handshake message of a sample, with its header.
inline Buffer sample_message(const Sample& sample) {
    const Buffer stream = test::sample(sample.file);
    const std::size_t length =
        std::to_integer<std::size_t>(stream.at(3)) << 8 | std::to_integer<std::size_t>(stream.at(4));
    return buffer(Bytes(stream).subspan(5, length));
}

}  // namespace sluis::test
