// ECDSA keys on P-256 (FIPS 186-4), as PEM files hold them and as key sets name them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "control/bundle/bundle_error.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {

/// The first 8 bytes of SHA-256 over a key's SubjectPublicKeyInfo.
using KeyId = std::array<std::uint8_t, 8>;

/// Whether these bytes are an ECDSA-Sig-Value for P-256 (RFC 3279, section 2.2.3) in DER (X.690, section 8.3 and 10.1):
/// the one encoding of two positive numbers of at most 256 bits, and nothing behind it. mbedTLS alone would take some
/// others, and numbers with their sign lost. An s above half of the group's order is as good as its negative: openssl
/// and HSMs make either, and a key counts once, whichever it is.
bool is_signature_value(std::string_view bytes);

class PublicKey {
public:
    /// Only the one DER encoding that P-256 keys have with a named curve and an uncompressed point (RFC 5480): one key
    /// has one encoding, and so one id. Fails with `key_malformed`.
    static Checked<PublicKey> from_spki(std::string_view der);
    /// A PEM text that holds a public key. Fails with `key_malformed`.
    static Checked<PublicKey> from_pem(const std::string& text);

    const std::string& spki() const { return spki_; }
    KeyId id() const;
    std::string pem() const;
    /// Whether `signature` is a signature value, and this key's over `digest`.
    bool verifies(const Sha256& digest, std::string_view signature) const;

    friend auto operator<=>(const PublicKey&, const PublicKey&) = default;

private:
    explicit PublicKey(std::string spki) : spki_(std::move(spki)) {}
    std::string spki_;
};

class PrivateKey {
public:
    /// A new key from the system's randomness. Fails with `key_malformed` when there is none.
    static Checked<PrivateKey> generate();
    /// A PEM text without a passphrase, SEC 1 or PKCS #8. Fails with `key_malformed`.
    static Checked<PrivateKey> from_pem(const std::string& text);

    PublicKey public_key() const;
    std::string pem() const;
    /// DER; the same digest gives the same signature (RFC 6979).
    Checked<std::string> sign(const Sha256& digest) const;

private:
    struct Context;
    struct FreeContext {
        void operator()(Context* context) const;
    };
    explicit PrivateKey(std::unique_ptr<Context, FreeContext> context, PublicKey key);
    std::unique_ptr<Context, FreeContext> context_;
    PublicKey public_key_;
};

}  // namespace sluis
