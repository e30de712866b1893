// sluisctl bundle: payload, sign. The same for key sets and freshness notes: sluisctl keys, sluisctl freshness.
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/freshness.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/key_set.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/store_files.h"
#include "control/cli/bundle_command.h"
#include "control/cli/bundle_command_sign.h"

namespace sluis {
namespace {

/// Bytes of a PEM file.
constexpr std::size_t kPemLimit = 16384;

struct Options {
    Purpose purpose = Purpose::rules;
    std::string file;
    std::string output;
    std::string key;
    std::string public_key;
    std::string signature;
    std::size_t size_limit() const {
        constexpr std::array kLimits{kEnvelopeLimit, kKeySetEnvelopeLimit, kFreshnessLimit};
        return kLimits[static_cast<std::size_t>(purpose)];
    }
};

/// Whether what is to be signed is of the command's kind. A signature over another kind would count for nothing, and
/// could take the place of one that counts.
Checked<void> check_kind(Purpose purpose, const std::string& payload) {
    struct Kind {
        Purpose purpose;
        std::optional<BundleError> error;  ///< why the payload is none of this kind
        const char* name;
    };
    const auto error_of = [](const auto& read) { return read ? std::nullopt : std::optional(read.error()); };
    const std::array kinds{
        Kind{Purpose::rules, error_of(read_rule_bundle(payload)), "a bundle; use 'sluisctl bundle'"},
        Kind{Purpose::key_set, error_of(read_key_set_content(payload)), "a key set; use 'sluisctl keys'"},
        Kind{Purpose::freshness, error_of(read_freshness_content(payload)),
             "a freshness note; use 'sluisctl freshness'"}};
    const Kind& wanted = kinds[static_cast<std::size_t>(purpose)];
    if (!wanted.error) return {};
    for (const Kind& each : kinds)
        if (!each.error) return refuse(BundleCode::payload_malformed, fmt::format("it is {}", each.name));
    return tl::unexpected(*wanted.error);
}

/// The envelope that a command works on.
Checked<wire::Envelope> load_own_kind(const Options& options) {
    auto envelope = load_envelope(options.file, options.size_limit());
    if (!envelope) return envelope;
    if (const auto right = check_kind(options.purpose, envelope->payload()); !right)
        return tl::unexpected(right.error());
    return envelope;
}

int payload(const Options& options) {
    const auto envelope = load_own_kind(options);
    if (!envelope) return fail_command(options.file, envelope.error());
    return save_file(options.output, signed_bytes(options.purpose, envelope->payload()));
}

struct Signed {
    PublicKey key;
    std::string signature;
};

Checked<Signed> sign_inside(const Options& options, const Sha256& digest) {
    const auto pem = read_whole_file(options.key, kPemLimit);
    if (!pem) return tl::unexpected(pem.error());
    const auto key = PrivateKey::from_pem(*pem);
    if (!key) return refuse(key.error().code, options.key + ": " + key.error().message);
    auto signature = key->sign(digest);
    if (!signature) return tl::unexpected(signature.error());
    return Signed{key->public_key(), std::move(*signature)};
}

Checked<Signed> take_detached(const Options& options) {
    auto key = load_public_key(options.public_key);
    if (!key) return tl::unexpected(key.error());
    auto signature = read_whole_file(options.signature, kPemLimit);
    if (!signature) return tl::unexpected(signature.error());
    return Signed{std::move(*key), std::move(*signature)};
}

int sign(const Options& options) {
    const bool inside = !options.key.empty();
    if (inside == !options.signature.empty() || options.signature.empty() != options.public_key.empty()) {
        return fail_command("give either --key, or --signature and --public-key"), kExitUsage;
    }
    auto envelope = load_own_kind(options);
    if (!envelope) return fail_command(options.file, envelope.error());
    const Sha256 digest = sha256(as_bytes(signed_bytes(options.purpose, envelope->payload())));
    const auto made = inside ? sign_inside(options, digest) : take_detached(options);
    if (!made) return fail_command(describe(made.error()));
    if (!is_signature_value(made->signature)) {
        return fail_command(
            fmt::format("{}: is no signature in DER (an ECDSA-Sig-Value for P-256); an HSM's plain r and "
                        "s have to be encoded first",
                        options.signature));
    }
    if (!made->key.verifies(digest, made->signature)) {
        return fail_command(fmt::format("{}: is no signature by the key {} over what 'payload' writes",
                                        options.signature, to_hex(made->key.id())));
    }
    add_signature(*envelope, made->key.id(), made->signature);
    if (static_cast<std::size_t>(envelope->signatures_size()) > kSignatureLimit)
        return fail_command(fmt::format("{}: has {} signatures already", options.file, kSignatureLimit));
    const std::string& output = options.output.empty() ? options.file : options.output;
    struct stat before {};
    const bool in_place = ::stat(output.c_str(), &before) == 0;
    if (const int status = save_file(output, write_message(*envelope)); status != kExitOk) return status;
    if (in_place && ::chmod(output.c_str(), before.st_mode & 07777) != 0)
        return fail_command(fmt::format("{}: signed, but its mode is another now: {}", output, std::strerror(errno)));
    fmt::print("{}: signed by {}, {} in all\n", output, to_hex(made->key.id()), envelope->signatures_size());
    return kExitOk;
}

}  // namespace

Checked<PublicKey> load_public_key(const std::string& path) {
    const auto pem = read_whole_file(path, kPemLimit);
    if (!pem) return tl::unexpected(pem.error());
    auto key = PublicKey::from_pem(*pem);
    if (!key) return refuse(key.error().code, path + ": " + key.error().message);
    return key;
}

void add_sign_commands(const Command& group, Purpose purpose) {
    const auto options = std::make_shared<Options>();
    options->purpose = purpose;
    Command command = group.add_command("payload", "Write the exact bytes to sign elsewhere", payload, options);
    command.add_option("FILE", options->file, "What is to be signed").required().takes(" ");
    command.add_option("-o,--output", options->output, "The bytes to sign").required().takes("FILE");
    command = group.add_command("sign", "Add a signature", sign, options);
    command.add_option("FILE", options->file, "What is to be signed").required().takes(" ");
    command.add_option("--key", options->key, "A private key, PEM without a passphrase").takes("FILE");
    command.add_option("--signature", options->signature, "A signature made elsewhere over the payload, DER")
        .takes("FILE");
    command.add_option("--public-key", options->public_key, "The key that made --signature, PEM").takes("FILE");
    command.add_option("-o,--output", options->output, "Where to write; by default in place").takes("FILE");
}

void add_bundle_sign_commands(const Command& group) { add_sign_commands(group, Purpose::rules); }

}  // namespace sluis
