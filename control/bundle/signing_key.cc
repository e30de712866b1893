#include "control/bundle/signing_key.h"

#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/platform_util.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "control/bundle/mbedtls_key.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

/// SubjectPublicKeyInfo up to the point: id-ecPublicKey, prime256v1, and the sign of an uncompressed point.
constexpr std::array<unsigned char, 27> kP256Prefix{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
constexpr std::size_t kSpkiSize = 91;
constexpr std::size_t kPemRoom = 1024;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// A parsed key that is freed at its end.
struct ParsedKey {
    ParsedKey() { mbedtls_pk_init(&key); }
    ~ParsedKey() { mbedtls_pk_free(&key); }
    ParsedKey(const ParsedKey&) = delete;
    ParsedKey& operator=(const ParsedKey&) = delete;
    mbedtls_pk_context key;
};

std::string write_spki(mbedtls_pk_context& key) {
    std::array<unsigned char, kPemRoom> room{};
    const int size = mbedtls_pk_write_pubkey_der(&key, room.data(), room.size());
    if (size <= 0) return "";
    const auto* end = reinterpret_cast<const char*>(room.data() + room.size());
    return {end - size, end};  // mbedTLS writes DER to the end of the room
}

/// Takes the contents of a DER element of this tag from the front of `bytes`: nothing when another stands there.
std::optional<std::string_view> take_element(std::string_view& bytes, unsigned char tag) {
    constexpr std::size_t kHeader = 2;  // the tag, and a length below 128, which has one form
    if (bytes.size() < kHeader || static_cast<unsigned char>(bytes[0]) != tag) return std::nullopt;
    const std::size_t size = static_cast<unsigned char>(bytes[1]);
    if (size >= 128 || size > bytes.size() - kHeader) return std::nullopt;
    const std::string_view content = bytes.substr(kHeader, size);
    bytes.remove_prefix(kHeader + size);
    return content;
}

/// Takes an INTEGER that is above zero, of at most 256 bits, in as few bytes as it needs.
bool take_positive(std::string_view& bytes) {
    constexpr std::size_t kMost = 32;
    const auto number = take_element(bytes, 0x02);
    if (!number || number->empty()) return false;
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>((*number)[i]); };
    if (at(0) != 0) return at(0) < 0x80 && number->size() <= kMost;
    return number->size() > 1 && at(1) >= 0x80 && number->size() <= kMost + 1;
}

tl::unexpected<BundleError> malformed(std::string_view what) { return refuse(BundleCode::key_malformed, what); }

}  // namespace

bool is_signature_value(std::string_view bytes) {
    constexpr unsigned char kSequence = 0x30;
    auto numbers = take_element(bytes, kSequence);
    return numbers && bytes.empty() && take_positive(*numbers) && take_positive(*numbers) && numbers->empty();
}

Checked<PublicKey> PublicKey::from_spki(std::string_view der) {
    ParsedKey parsed;
    const bool right_form =
        der.size() == kSpkiSize && std::memcmp(der.data(), kP256Prefix.data(), kP256Prefix.size()) == 0;
    if (!right_form || mbedtls_pk_parse_public_key(&parsed.key, bytes_of(der), der.size()) != 0 ||
        write_spki(parsed.key) != der) {
        return malformed("a key is no SubjectPublicKeyInfo with an uncompressed point on P-256");
    }
    return PublicKey(std::string(der));
}

Checked<PublicKey> PublicKey::from_pem(const std::string& text) {
    ParsedKey parsed;
    // The size counts the terminating zero: how mbedTLS tells PEM from DER.
    if (mbedtls_pk_parse_public_key(&parsed.key, bytes_of(text), text.size() + 1) != 0)
        return malformed("no public key in PEM; 'openssl pkey -pubout' makes one of a private key");
    auto key = from_spki(write_spki(parsed.key));
    if (!key) return malformed("the public key is of another kind than EC on P-256 (prime256v1)");
    return key;
}

KeyId PublicKey::id() const {
    const Sha256 digest = sha256(as_bytes(spki_));
    KeyId id{};
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

std::string PublicKey::pem() const {
    ParsedKey parsed;
    std::array<unsigned char, kPemRoom> room{};
    if (mbedtls_pk_parse_public_key(&parsed.key, bytes_of(spki_), spki_.size()) != 0) return "";
    if (mbedtls_pk_write_pubkey_pem(&parsed.key, room.data(), room.size()) != 0) return "";
    return reinterpret_cast<const char*>(room.data());
}

bool PublicKey::verifies(const Sha256& digest, std::string_view signature) const {
    ParsedKey parsed;
    return is_signature_value(signature) &&
           mbedtls_pk_parse_public_key(&parsed.key, bytes_of(spki_), spki_.size()) == 0 &&
           mbedtls_pk_verify(&parsed.key, MBEDTLS_MD_SHA256, digest.data(), digest.size(), bytes_of(signature),
                             signature.size()) == 0;
}

/// The key, and the randomness that blinds the work with it.
struct PrivateKey::Context {
    Context() {
        mbedtls_pk_init(&key);
        mbedtls_entropy_init(&entropy);
        mbedtls_ctr_drbg_init(&random);
        seeded = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, nullptr, 0) == 0;
    }
    ~Context() {
        mbedtls_pk_free(&key);
        mbedtls_ctr_drbg_free(&random);
        mbedtls_entropy_free(&entropy);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    mbedtls_pk_context key;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    bool seeded = false;
};

void PrivateKey::FreeContext::operator()(Context* context) const { delete context; }

PrivateKey::PrivateKey(std::unique_ptr<Context, FreeContext> context, PublicKey key)
    : context_(std::move(context)), public_key_(std::move(key)) {}

Checked<PrivateKey> PrivateKey::generate() {
    std::unique_ptr<Context, FreeContext> context(new Context);
    if (!context->seeded || mbedtls_pk_setup(&context->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(context->key), mbedtls_ctr_drbg_random,
                            &context->random) != 0) {
        return malformed("the system gives no randomness for a key");
    }
    auto key = PublicKey::from_spki(write_spki(context->key));
    if (!key) return tl::unexpected(key.error());
    return PrivateKey(std::move(context), std::move(*key));
}

Checked<PrivateKey> PrivateKey::from_pem(const std::string& text) {
    std::unique_ptr<Context, FreeContext> context(new Context);
    if (!context->seeded ||
        mbedtls::parse_private_key(context->key, bytes_of(text), text.size() + 1, context->random) != 0) {
        return malformed("no private key in PEM without a passphrase; to sign elsewhere, see 'bundle payload'");
    }
    auto key = PublicKey::from_spki(write_spki(context->key));
    if (!key) return malformed("the private key is of another kind than EC on P-256 (prime256v1)");
    return PrivateKey(std::move(context), std::move(*key));
}

PublicKey PrivateKey::public_key() const { return public_key_; }

std::string PrivateKey::pem() const {
    std::array<unsigned char, kPemRoom> room{};
    const bool written = mbedtls_pk_write_key_pem(&context_->key, room.data(), room.size()) == 0;
    std::string text = written ? reinterpret_cast<const char*>(room.data()) : "";
    mbedtls_platform_zeroize(room.data(), room.size());
    return text;
}

Checked<std::string> PrivateKey::sign(const Sha256& digest) const {
    std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> room{};
    std::size_t size = 0;
    if (mbedtls::sign_sha256(context_->key, digest.data(), room.data(), size, context_->random) != 0)
        return malformed("the key could not sign");
    return std::string(reinterpret_cast<const char*>(room.data()), size);
}

}  // namespace sluis
