#include "control/bundle/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/message_reader.h"

namespace sluis {
namespace {

constexpr std::array<std::string_view, 3> kDomains{"sluis-rules-v1", "sluis-keyset-v1", "sluis-fresh-v1"};

std::string_view as_text_of(const KeyId& id) { return {reinterpret_cast<const char*>(id.data()), id.size()}; }

/// Looked at before the envelope, which anybody may have written, is read into memory.
Checked<void> check_count(std::string_view file, bool unsigned_too) {
    const std::size_t count = count_fields(file, wire::Envelope::kSignaturesFieldNumber);
    if ((count != 0 || unsigned_too) && count <= kSignatureLimit) return {};
    return refuse(BundleCode::signature_count,
                  fmt::format("the envelope has {} signatures; 1 to {} are right", count, kSignatureLimit));
}

Checked<void> check_form(const wire::Envelope& envelope) {
    std::set<std::string_view> ids;
    for (const wire::Signature& each : envelope.signatures()) {
        if (each.key_id().size() != KeyId{}.size()) {
            return refuse(BundleCode::signature_malformed,
                          fmt::format("a signature has a key id of {} bytes; 8 are right", each.key_id().size()));
        }
        if (!is_signature_value(each.ecdsa_p256())) {
            return refuse(BundleCode::signature_malformed,
                          fmt::format("the signature by the key {} is no ECDSA-Sig-Value for P-256 in DER; sign again",
                                      to_hex(each.key_id())));
        }
        if (!ids.insert(each.key_id()).second) {
            return refuse(BundleCode::signature_repeated,
                          fmt::format("two signatures are by the key {}; each key signs once", to_hex(each.key_id())));
        }
    }
    return {};
}

}  // namespace

std::string_view purpose_domain(Purpose purpose) { return kDomains[static_cast<std::size_t>(purpose)]; }

std::string signed_bytes(Purpose purpose, std::string_view payload) {
    std::string bytes(purpose_domain(purpose));
    bytes.reserve(bytes.size() + 1 + payload.size());
    bytes += '\0';
    bytes += payload;
    return bytes;
}

Sha256 payload_digest(const wire::Envelope& envelope) { return sha256(as_bytes(envelope.payload())); }

Checked<wire::Envelope> read_envelope(Bytes file, std::size_t size_limit, bool unsigned_too) {
    if (file.empty() || file.size() > size_limit) {
        return refuse(BundleCode::size,
                      fmt::format("the file has {} bytes; 1 to {} are right", file.size(), size_limit));
    }
    const auto malformed = refuse(BundleCode::envelope_malformed,
                                  "the file is no signed envelope, or bytes were added to it; fetch it again");
    if (!has_shape(as_text(file), shape::kEnvelope)) return malformed;
    if (auto few = check_count(as_text(file), unsigned_too); !few) return tl::unexpected(few.error());
    wire::Envelope envelope;
    if (!read_message(as_text(file), envelope) || envelope.payload().empty()) return malformed;
    if (auto form = check_form(envelope); !form) return tl::unexpected(form.error());
    return envelope;
}

Checked<std::vector<KeyId>> check_signatures(const wire::Envelope& envelope, Purpose purpose,
                                             std::span<const PublicKey> keys, std::uint32_t threshold) {
    const Sha256 digest = sha256(as_bytes(signed_bytes(purpose, envelope.payload())));
    std::vector<KeyId> signers;
    std::size_t strangers = 0;
    for (const wire::Signature& each : envelope.signatures()) {
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const PublicKey& candidate) {
            return as_text_of(candidate.id()) == each.key_id();
        });
        if (key == keys.end()) {
            ++strangers;
            continue;
        }
        if (!key->verifies(digest, each.ecdsa_p256())) {
            return refuse(BundleCode::signature_wrong,
                          fmt::format("the signature by the key {} does not fit the content: it was changed, or signed "
                                      "for another purpose than {}",
                                      to_hex(each.key_id()), purpose_domain(purpose)));
        }
        signers.push_back(key->id());
    }
    // A threshold of zero would let anything pass, whoever made that mistake.
    if (signers.size() >= std::max(threshold, std::uint32_t{1})) return signers;
    return refuse(strangers != 0 ? BundleCode::signature_unknown_key : BundleCode::signature_threshold,
                  fmt::format("{} of the trusted keys have signed, {} must; {} signatures are by other keys",
                              signers.size(), threshold, strangers));
}

void add_signature(wire::Envelope& envelope, const KeyId& key, std::string_view signature) {
    auto& all = *envelope.mutable_signatures();
    const std::string id(as_text_of(key));
    auto found = std::find_if(all.begin(), all.end(), [&](const wire::Signature& each) { return each.key_id() == id; });
    wire::Signature& place = found != all.end() ? *found : *all.Add();
    place.set_key_id(id);
    place.set_ecdsa_p256(std::string(signature));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.key_id() < b.key_id(); });
}

}  // namespace sluis
