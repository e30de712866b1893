#include "dataplane/protocol/client_hello.h"

#include <gtest/gtest.h>

#include <optional>

#include "dataplane/packet/byte_order.h"
#include "tests/unit/tls_hello.h"

namespace sluis::test {
namespace {

Reason reason_of(const Buffer& body) {
    const Result<ClientHello> hello = parse_client_hello(body);
    return hello ? Reason::none : hello.error();
}

std::optional<std::string> name_of(const Buffer& body) {
    const Result<ClientHello> hello = parse_client_hello(body);
    if (!hello || !hello->has_server_name) return std::nullopt;
    return std::string(as_text(hello->server_name));
}

Buffer sample_body(const Sample& sample) { return buffer(Bytes(sample_message(sample)).subspan(4)); }

/// Offset of the extensions' length in a body.
std::size_t extensions_at(Bytes body) {
    std::size_t at = 34;
    at += 1 + std::to_integer<std::size_t>(body[at]);
    at += 2 + load_be<std::uint16_t>(&body[at]);
    return at + 1 + std::to_integer<std::size_t>(body[at]);
}

TEST(ClientHello, ReadsRealHellos) {
    for (const Sample& sample : kSamples) {
        SCOPED_TRACE(sample.file);
        const Buffer body = sample_body(sample);
        const Result<ClientHello> hello = parse_client_hello(body);
        ASSERT_TRUE(hello);
        EXPECT_EQ(hello->has_server_name, sample.name != nullptr);
        EXPECT_EQ(as_text(hello->server_name), sample.name ? sample.name : "");
        EXPECT_EQ(as_text(hello->alpn), sample.alpn);
    }
    EXPECT_EQ(reason_of(sample_body({"malformed_server_name.bin", nullptr, ""})), Reason::tls_malformed);
}

TEST(ClientHello, ReadsTheFieldsBeforeTheExtensions) {
    const Buffer version = buffer({3, 3});
    const Buffer random(32);
    const Buffer none = buffer({0});
    const Buffer suites = prefixed(2, buffer({0, 0x2f}));
    const auto session = [](std::size_t size) { return prefixed(1, Buffer(size)); };
    const Buffer extensions = prefixed(2, server_name("a.example"));
    const struct {
        const char* what;
        Buffer body;
        Reason reason;
    } rows[] = {
        {"nothing", {}, Reason::tls_malformed},
        {"no extensions at all", hello_head(), Reason::none},
        {"extensions of size zero", hello_body({}), Reason::none},
        {"SSL 3.0", hello_head(3, 0) + extensions, Reason::none},
        {"version 3.255", hello_head(3, 255) + extensions, Reason::none},
        {"version 2.3", hello_head(2, 3) + extensions, Reason::tls_malformed},
        {"DTLS 1.2", hello_head(0xfe, 0xfd) + extensions, Reason::tls_malformed},
        {"session ID of 32", version + random + session(32) + suites + prefixed(1, none), Reason::none},
        {"session ID of 33", version + random + session(33) + suites + prefixed(1, none), Reason::tls_malformed},
        {"no suite", version + random + session(0) + prefixed(2, {}) + prefixed(1, none), Reason::tls_malformed},
        {"half a suite", version + random + session(0) + prefixed(2, none) + prefixed(1, none), Reason::tls_malformed},
        {"no compression method", version + random + session(0) + suites + prefixed(1, {}), Reason::tls_malformed},
        {"a byte after it all", hello_body({}) + none, Reason::tls_malformed},
        {"a byte after the head", hello_head() + none, Reason::tls_malformed},
        {"extensions cut", hello_head() + buffer({0, 5, 0, 21, 0, 0}), Reason::tls_malformed},
        {"an extension cut", hello_body(buffer({0, 21, 0, 1})), Reason::tls_malformed},
        {"an extension's header cut", hello_body(buffer({0, 21, 0})), Reason::tls_malformed},
    };
    for (const auto& row : rows) EXPECT_EQ(reason_of(row.body), row.reason) << row.what;
}

TEST(ClientHello, ReadsTheServerNameList) {
    const Buffer odd_entry = name_entry("opaque\xff", 7);
    const struct {
        const char* what;
        Buffer extensions;
        Reason reason;
        std::optional<std::string> name;
    } rows[] = {
        {"one name", server_name("TikTok.COM."), Reason::none, "TikTok.COM."},
        {"a port", server_name("tiktok.com:443"), Reason::none, "tiktok.com:443"},
        {"an IPv6 literal", server_name("[2001:db8::1]"), Reason::none, "[2001:db8::1]"},
        {"an extension of size zero", extension(0, {}), Reason::none, std::nullopt},
        {"an empty list", server_name(Buffer{}), Reason::none, std::nullopt},
        {"an empty name", server_name(""), Reason::none, ""},
        {"another type first", server_name(odd_entry + name_entry("a.example")), Reason::none, "a.example"},
        {"another type last", server_name(name_entry("a.example") + odd_entry), Reason::none, "a.example"},
        {"only another type", server_name(odd_entry), Reason::none, std::nullopt},
        {"two names", server_name(name_entry("a") + name_entry("b")), Reason::tls_duplicate_extension, {}},
        {"one name twice", server_name(name_entry("a") + name_entry("a")), Reason::tls_duplicate_extension, {}},
        {"an empty name, then a name",
         server_name(name_entry("") + name_entry("b")),
         Reason::tls_duplicate_extension,
         {}},
        {"the extension twice", server_name("a") + server_name("b"), Reason::tls_duplicate_extension, {}},
        {"empty, then with a name", extension(0, {}) + server_name("b"), Reason::tls_duplicate_extension, {}},
        {"a list of one byte", extension(0, buffer({0})), Reason::tls_malformed, {}},
        {"a list too short", extension(0, prefixed(2, name_entry("ab")) + buffer({0})), Reason::tls_malformed, {}},
        {"a list too long", extension(0, big_endian(6, 2) + name_entry("ab")), Reason::tls_malformed, {}},
        {"a name too long", server_name(buffer({0, 0, 3, 'a', 'b'})), Reason::tls_malformed, {}},
        {"a name too short", server_name(buffer({0, 0, 1, 'a', 'b'})), Reason::tls_malformed, {}},
        {"another type cut", server_name(name_entry("a") + buffer({1, 0, 9})), Reason::tls_malformed, {}},
        {"255 bytes", server_name(std::string(255, 'a')), Reason::none, std::string(255, 'a')},
        {"256 bytes", server_name(std::string(256, 'a')), Reason::tls_name, {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        EXPECT_EQ(reason_of(hello_body(row.extensions)), row.reason);
        EXPECT_EQ(name_of(hello_body(row.extensions)), row.name);
    }
}

TEST(ClientHello, RefusesBytesThatNoHostNameHolds) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t at : {0U, 3U, 6U}) {
            std::string name = "tik.tok";
            name[at] = static_cast<char>(byte);
            const bool good = byte > 0x20 && byte < 0x7f;
            EXPECT_EQ(reason_of(hello_body(server_name(name))), good ? Reason::none : Reason::tls_name) << byte;
        }
    }
}

TEST(ClientHello, RefusesAnyExtensionThatComesTwice) {
    for (std::size_t type : {0x0000, 0x0010, 0x002b, 0x0a0a, 0xfafa, 0xfe0d, 0xffff}) {
        const Buffer data = type == 0x10 ? prefixed(2, prefixed(1, buffer("h2"))) : Buffer{};
        const Buffer once = extension(0x0a1a, {}) + extension(type, data) + extension(0x1a1a, buffer({0}));
        EXPECT_EQ(reason_of(hello_body(once)), Reason::none) << type;
        EXPECT_EQ(reason_of(hello_body(once + extension(type, data))), Reason::tls_duplicate_extension) << type;
    }
}

TEST(ClientHello, BoundsTheNumberOfExtensions) {
    Buffer extensions;
    for (std::size_t type = 0; type < 127; ++type) extensions = extensions + extension(0x4000 + type, {});
    extensions = extensions + server_name("last.example");
    EXPECT_EQ(name_of(hello_body(extensions)), "last.example");
    EXPECT_EQ(reason_of(hello_body(extensions + extension(0x407e, {}))), Reason::tls_duplicate_extension);
    EXPECT_EQ(reason_of(hello_body(extensions + extension(0x5000, {}))), Reason::tls_malformed);
    EXPECT_EQ(reason_of(hello_body(extensions + extension(0x5000, {}) + extension(0x5001, {}))), Reason::tls_malformed);
}

TEST(ClientHello, BoundsLowAndHighTypesTogether) {
    Buffer extensions = server_name("first.example");
    for (std::size_t type = 1; type < 64; ++type)
        if (type != 16) extensions = extensions + extension(type, {});
    for (std::size_t type = 64; type < 64 + 65; ++type) extensions = extensions + extension(type, {});
    EXPECT_EQ(name_of(hello_body(extensions)), "first.example");
    EXPECT_EQ(reason_of(hello_body(extension(0x5000, {}) + extensions)), Reason::tls_malformed);
    EXPECT_EQ(reason_of(hello_body(extensions + extension(63, {}))), Reason::tls_duplicate_extension);
}

TEST(ClientHello, ReadsAlpn) {
    const struct {
        const char* what;
        Buffer data;
        Reason reason;
    } rows[] = {
        {"two names", prefixed(2, prefixed(1, buffer("h2")) + prefixed(1, buffer("http/1.1"))), Reason::none},
        {"empty extension", {}, Reason::tls_malformed},
        {"empty list", prefixed(2, {}), Reason::tls_malformed},
        {"empty name", prefixed(2, prefixed(1, buffer("h2")) + prefixed(1, {})), Reason::tls_malformed},
        {"name cut", prefixed(2, buffer({3, 'h', '2'})), Reason::tls_malformed},
        {"byte after the list", prefixed(2, prefixed(1, buffer("h2"))) + buffer({0}), Reason::tls_malformed},
    };
    for (const auto& row : rows) EXPECT_EQ(reason_of(hello_body(extension(16, row.data))), row.reason) << row.what;
}

/// A hello that is cut anywhere, with the outer lengths made to fit, is refused or names nobody: never another name.
TEST(ClientHello, NeverReadsAnotherNameFromACutHello) {
    for (const Sample& sample : kSamples) {
        SCOPED_TRACE(sample.file);
        const Buffer body = sample_body(sample);
        const std::size_t extensions = extensions_at(body);
        for (std::size_t size = 0; size < body.size(); ++size) {
            Buffer cut = buffer(Bytes(body).first(size));
            EXPECT_EQ(reason_of(cut), size == extensions ? Reason::none : Reason::tls_malformed) << size;
            if (size < extensions + 2) continue;
            store_be(&cut[extensions], static_cast<std::uint16_t>(size - extensions - 2));
            const auto name = name_of(cut);
            EXPECT_TRUE(!name || *name == sample.name) << size << " " << *name;
        }
    }
}

TEST(ClientHello, NeverReadsAnotherNameFromACutList) {
    const Buffer entries = name_entry("decoy", 1) + name_entry("www.tiktok.com");
    for (std::size_t size = 0; size < entries.size(); ++size) {
        const Buffer cut = buffer(Bytes(entries).first(size));
        const bool at_boundary = size == 0 || size == 8;
        EXPECT_EQ(reason_of(hello_body(server_name(cut))), at_boundary ? Reason::none : Reason::tls_malformed) << size;
        EXPECT_EQ(name_of(hello_body(server_name(cut))), std::nullopt) << size;
    }
}

/// Any one byte changed: no crash, and a view, if there is one, inside the body.
TEST(ClientHello, ViewsStayInTheBody) {
    for (const Sample& sample : kSamples) {
        const Buffer good = sample_body(sample);
        for (std::size_t at = 0; at < good.size(); ++at) {
            for (int flip : {0x01, 0x80, 0xff}) {
                Buffer body = good;
                body[at] ^= static_cast<std::byte>(flip);
                const Result<ClientHello> hello = parse_client_hello(body);
                if (!hello || !hello->has_server_name) continue;
                EXPECT_GE(hello->server_name.data(), body.data());
                EXPECT_LE(hello->server_name.data() + hello->server_name.size(), body.data() + body.size());
            }
        }
    }
}

}  // namespace
}  // namespace sluis::test
