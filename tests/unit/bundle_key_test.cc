// PEM and DER of keys, their ids, and what a signature is.
#include "control/bundle/signing_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/bundle/hexadecimal.h"
#include "dataplane/packet/bytes.h"
#include "tests/unit/bundle_harness.h"

namespace sluis {
namespace {

using test::code_of;

// Made with `openssl ecparam -name prime256v1 -genkey`, for this test only; the public half of a key thrown away.
constexpr char kPublicPem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqa9P3MFqWBjdC6nS162ZqwGsmrr1\n"
    "fSpOMx/hIqwn6i+P/OFw3ryAe5cKwdc/RhiLpcDfiZQx3uBL4bZoib6qNw==\n"
    "-----END PUBLIC KEY-----\n";

Sha256 digest_of(std::string_view text) { return sha256(as_bytes(text)); }

TEST(PublicKey, IsReadFromPemAndFromItsOwnEncoding) {
    const auto key = PublicKey::from_pem(kPublicPem);
    ASSERT_TRUE(key) << describe(key.error());
    EXPECT_EQ(key->pem(), kPublicPem);
    const auto same = PublicKey::from_spki(key->spki());
    ASSERT_TRUE(same);
    EXPECT_EQ(*same, *key);
    const Sha256 digest = digest_of(key->spki());
    EXPECT_TRUE(std::equal(digest.begin(), digest.begin() + 8, key->id().begin()));
}

TEST(PublicKey, HasOneEncodingOnly) {
    const std::string spki = test::test_key(0).public_key().spki();
    std::string off_curve = spki;
    off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
    std::string other_curve = spki;
    other_curve[22] = 6;  // the last number of the curve's object identifier
    const std::string rows[] = {"",        "key",       spki + '\0',          spki.substr(0, 90),
                                off_curve, other_curve, std::string(91, '\0')};
    for (const std::string& row : rows)
        EXPECT_EQ(code_of(PublicKey::from_spki(row)), BundleCode::key_malformed) << to_hex(row);
    EXPECT_EQ(code_of(PublicKey::from_pem("")), BundleCode::key_malformed);
    EXPECT_EQ(code_of(PublicKey::from_pem(test::test_key(0).pem())), BundleCode::key_malformed);
}

TEST(PrivateKey, OutlivesItsPem) {
    const PrivateKey key = test::new_key();
    const auto same = PrivateKey::from_pem(key.pem());
    ASSERT_TRUE(same) << describe(same.error());
    EXPECT_EQ(same->public_key(), key.public_key());
    EXPECT_EQ(code_of(PrivateKey::from_pem(kPublicPem)), BundleCode::key_malformed);
    EXPECT_EQ(code_of(PrivateKey::from_pem("")), BundleCode::key_malformed);
    EXPECT_NE(test::new_key().public_key(), key.public_key());
}

TEST(PrivateKey, SignsWhatItsPublicKeyVerifies) {
    const PrivateKey& key = test::test_key(0);
    const Sha256 digest = digest_of("content");
    const std::string signature = key.sign(digest).value();
    EXPECT_EQ(key.sign(digest).value(), signature) << "the same content has another signature";
    const PublicKey known = key.public_key();
    EXPECT_TRUE(known.verifies(digest, signature));
    EXPECT_FALSE(known.verifies(digest_of("Content"), signature));
    EXPECT_FALSE(test::test_key(1).public_key().verifies(digest, signature));
    EXPECT_FALSE(known.verifies(digest, signature + '\0'));
    EXPECT_FALSE(known.verifies(digest, ""));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        std::string changed = signature;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        EXPECT_FALSE(known.verifies(digest, changed)) << "byte " << i;
        EXPECT_FALSE(known.verifies(digest, signature.substr(0, i))) << "first " << i;
    }
}

/// DER's one form; tests/bundle has signatures that are right but for their form.
TEST(SignatureValue, HasOneEncoding) {
    const std::string high(32, '\xff'), low(32, '\x7f');
    const auto number = [](const std::string& content) {
        return "\x02" + std::string(1, static_cast<char>(content.size())) + content;
    };
    const auto sequence = [](const std::string& content) {
        return "\x30" + std::string(1, static_cast<char>(content.size())) + content;
    };
    const std::string zero(1, '\0'), one = number("\1");
    EXPECT_TRUE(is_signature_value(sequence(one + one)));
    EXPECT_TRUE(is_signature_value(sequence(number(low) + number(zero + high))));
    const std::string wrong[] = {
        "",
        zero,
        sequence(""),
        sequence(one),
        sequence(one + one + one),
        sequence(one + one) + zero,
        sequence(one + one).substr(0, 7),
        sequence(one + number("")),
        sequence(one + number(zero)),
        sequence(one + number(zero + "\1")),
        sequence(one + number(high)),
        sequence(one + number(low + "\1")),
        sequence(one + number(zero + high + "\1")),
        "\x31" + sequence(one + one).substr(1),
        "\x30\x81\x06" + one + one,
        "\x30\x80" + one + one + zero + zero,
    };
    for (const std::string& row : wrong) EXPECT_FALSE(is_signature_value(row)) << to_hex(row);
}

TEST(Hexadecimal, IsReadBack) {
    const auto bytes = from_hex<3>("00fFa1");
    ASSERT_TRUE(bytes);
    EXPECT_EQ(to_hex(*bytes), "00ffa1");
    for (const char* row : {"", "00ff", "00ffa", "00ffa1b", "00ffg1", " 0ffa1"}) EXPECT_FALSE(from_hex<3>(row)) << row;
}

}  // namespace
}  // namespace sluis
