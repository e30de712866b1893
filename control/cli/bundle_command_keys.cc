// sluisctl keys: make, set, payload, sign, show, verify.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/bundle_limits.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/key_set.h"
#include "control/bundle/message_reader.h"
#include "control/bundle/rule_bundle.h"
#include "control/bundle/store_files.h"
#include "control/cli/bundle_command.h"
#include "control/cli/bundle_command_sign.h"
#include "control/cli/command_options.h"
#include "control/cli/json.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

struct Options {
    std::string key;
    std::string public_key;
    std::string output;
    std::string expires;
    std::string now;
    std::vector<std::string> files;
    std::vector<std::string> root, rule, freshness, revoked;
    std::uint64_t version = 1, root_threshold = 1, rule_threshold = 1, floor_reset = 0;
    bool development = false;
    bool json = false;
};

/// Writes a new file, never over another.
int save_new(const std::string& path, std::string_view content, mode_t mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return fail_command(fmt::format("{}: cannot be made: {}", path, std::strerror(errno)));
    const bool written =
        ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && ::fsync(file) == 0;
    const bool closed = ::close(file) == 0;
    if (written && closed) return kExitOk;
    ::unlink(path.c_str());
    return fail_command(fmt::format("{}: cannot be written", path));
}

/// Both files or none.
int make(const Options& options) {
    const std::string public_path = options.public_key.empty() ? options.key + ".pub" : options.public_key;
    if (public_path == options.key)
        return fail_command(fmt::format("{}: one file cannot hold both keys; name another for --public", options.key));
    const auto key = PrivateKey::generate();
    if (!key) return fail_command(describe(key.error()));
    if (const int status = save_new(options.key, key->pem(), 0600); status != kExitOk) return status;
    // However the two paths are written: a file that is there, the private key's too, is not opened.
    if (const int status = save_new(public_path, key->public_key().pem(), 0644); status != kExitOk) {
        ::unlink(options.key.c_str());
        return status;
    }
    fmt::print("{}: a new private key, {}; public: {}\n", options.key, to_hex(key->public_key().id()), public_path);
    return kExitOk;
}

/// Adds the keys of PEM files to a role; what is wrong was printed when it is false.
template <typename Role>
bool add_keys(const std::vector<std::string>& paths, Role& role) {
    for (const std::string& path : paths) {
        const auto key = load_public_key(path);
        if (!key) return fail_command(describe(key.error())), false;
        *role.Add() = key->spki();
    }
    return true;
}

bool add_revoked(const std::vector<std::string>& digests, wire::KeySet& set) {
    for (const std::string& text : digests) {
        const auto digest = from_hex<Sha256{}.size()>(text);
        if (!digest) return fail_command(fmt::format("--revoke: '{}' is no SHA-256 of a bundle", text)), false;
        set.add_revoked_bundles(std::string(digest->begin(), digest->end()));
    }
    return true;
}

/// What follows from an expiry that has come, or comes soon.
void warn_of_expiry(const std::string& path, const KeySet& set, std::int64_t now) {
    if (!set.expired(now + kKeysExpireSoon)) return;
    const std::string time = format_time(set.expires);
    const std::string note =
        set.expired(now)
            ? fmt::format("{}: expired at {}: no box takes it, nor a bundle under it; make its successor", path, time)
            : fmt::format("{}: expires at {}; make its successor by then", path, time);
    fmt::print(stderr, "sluisctl: {}\n", one_line(note));
}

int make_set(const Options& options) {
    wire::KeySet set;
    const auto expires = read_time_option("--expires", options.expires);
    if (!expires) return fail_command(expires.error()), kExitUsage;
    set.set_format(kKeySetFormat);
    set.set_product(std::string(kProduct));
    set.set_expires(expires->value_or(0));
    set.set_version(options.version);
    set.set_root_threshold(static_cast<std::uint32_t>(options.root_threshold));
    set.set_rule_threshold(static_cast<std::uint32_t>(options.rule_threshold));
    set.set_sequence_floor_reset(options.floor_reset);
    set.set_development(options.development);
    if (!add_keys(options.root, *set.mutable_root_keys()) || !add_keys(options.rule, *set.mutable_rule_keys()) ||
        !add_keys(options.freshness, *set.mutable_freshness_keys()) || !add_revoked(options.revoked, set))
        return kExitFailed;
    wire::Envelope envelope;
    envelope.set_payload(write_message(set));
    const auto right = read_key_set_content(envelope.payload());
    if (!right) return fail_command(options.output, right.error());
    if (const int status = save_file(options.output, write_message(envelope)); status != kExitOk) return status;
    fmt::print("{}: key set {}, {} of {} root keys, {} of {} rule keys; not signed yet\n", options.output,
               set.version(), set.root_threshold(), set.root_keys_size(), set.rule_threshold(), set.rule_keys_size());
    warn_of_expiry(options.output, *right, system_time());
    return kExitOk;
}

Json ids_of(const std::vector<PublicKey>& keys) {
    Json ids = Json::array();
    for (const PublicKey& key : keys) ids.push_back(to_hex(key.id()));
    return ids;
}

Json describe_set(const KeySet& set) {
    Json revoked = Json::array();
    for (const Sha256& digest : set.revoked) revoked.push_back(to_hex(digest));
    return {{"product", set.product},
            {"version", set.version},
            {"development", set.development},
            {"expires", format_time(set.expires)},
            {"root_keys", ids_of(set.root_keys)},
            {"root_threshold", set.root_threshold},
            {"rule_keys", ids_of(set.rule_keys)},
            {"rule_threshold", set.rule_threshold},
            {"freshness_keys", ids_of(set.freshness_keys)},
            {"sequence_floor_reset", set.floor_reset.value_or(0)},
            {"revoked_bundles", revoked}};
}

void print_set(const Json& set, bool as_json) {
    if (as_json) {
        print_json(set);
        return;
    }
    for (const auto& [key, value] : set.members()) fmt::print("{:<20} {}\n", key, one_line(value.text()));
}

/// A key, or a key set whose signatures nobody has looked at.
int show(const Options& options) {
    for (const std::string& path : options.files) {
        const auto content = read_whole_file(path, kKeySetEnvelopeLimit);
        if (!content) return fail_command(describe(content.error()));
        if (content->find("-----BEGIN") != content->npos) {
            const auto secret = PrivateKey::from_pem(*content);
            const auto key = secret ? secret->public_key() : PublicKey::from_pem(*content);
            if (!key) return fail_command(path, key.error());
            fmt::print("{}: {}, a {} key\n", path, to_hex(key->id()), secret ? "private" : "public");
            continue;
        }
        const auto envelope = read_envelope(as_bytes(*content), kKeySetEnvelopeLimit, true);
        if (!envelope) return fail_command(path, envelope.error());
        const auto set = read_key_set_content(envelope->payload());
        if (!set) return fail_command(path, set.error());
        Json all = describe_set(*set);
        Json signers = Json::array();
        for (const auto& each : envelope->signatures()) signers.push_back(to_hex(each.key_id()));
        all["signed_by"] = std::move(signers);
        print_set(all, options.json);
        if (!options.json) fmt::print("Nothing of this was verified: see 'sluisctl keys verify'.\n");
    }
    return kExitOk;
}

int verify(const Options& options) {
    const auto now = read_now_option(options.now);
    if (!now) return fail_command(now.error()), kExitUsage;
    std::vector<std::string> files;
    for (const std::string& path : options.files) {
        auto file = read_whole_file(path, kKeySetEnvelopeLimit);
        if (!file) return fail_command(path, file.error());
        files.push_back(std::move(*file));
    }
    auto set = read_first_key_set(as_bytes(files[0]));
    if (!set) return fail_command(options.files[0], set.error());
    for (std::size_t i = 1; i < files.size(); ++i) {
        set = read_next_key_set(*set, as_bytes(files[i]));
        if (!set) return fail_command(options.files[i], set.error());
    }
    Json all = describe_set(*set);
    all["expired"] = set->expired(*now);
    print_set(all, options.json);
    warn_of_expiry(options.files.back(), *set, *now);
    return kExitOk;
}

void add_key_files(const Command& command, const char* name, std::vector<std::string>& files, const char* help) {
    command.add_option(name, files, help).takes("FILE").repeated();
}

void add_set_command(const Command& group, const std::shared_ptr<Options>& options) {
    Command command = group.add_command("set", "Make a key set, without signatures", make_set, options);
    command.add_option("-o,--output", options->output, "The key set to write").required().takes("FILE");
    command.add_option("--version", options->version, "1, or one more than its predecessor's").takes("NUMBER");
    command.add_option("--root-threshold", options->root_threshold, "How many root keys must sign a key set")
        .takes("NUMBER");
    command.add_option("--rule-threshold", options->rule_threshold, "How many rule keys must sign a bundle")
        .takes("NUMBER");
    command.add_option("--floor-reset", options->floor_reset, "Bundles from this sequence on may be installed again")
        .takes("NUMBER");
    add_key_files(command, "--root", options->root, "A public root key, PEM; may be repeated");
    add_key_files(command, "--rule", options->rule, "A public rule key, PEM; may be repeated");
    add_key_files(command, "--freshness", options->freshness, "A public freshness key, PEM; may be repeated");
    command.add_option("--revoke", options->revoked, "Withdraw the bundle of this digest; may be repeated")
        .takes("SHA256")
        .repeated();
    command.add_option("--expires", options->expires, "From when on no bundle is installed with it")
        .required()
        .takes("TIME");
    command.add_flag("--development", options->development,
                     "Keys that anybody may have: a box that trusts them says so");
}

}  // namespace

Command add_keys_commands(const Command& app) {
    Command group = app.add_group("keys", "Make keys and key sets, and look at them");
    const auto options = std::make_shared<Options>();
    Command command = group.add_command("make", "Make a private key and its public key", make, options);
    command.add_option("KEY", options->key, "The private key to write, PEM").required().takes(" ");
    command.add_option("--public", options->public_key, "Where the public key goes; by default KEY.pub").takes("FILE");
    add_set_command(group, options);
    add_sign_commands(group, Purpose::key_set);
    command = group.add_command("show", "Show a key, or what a key set says without verifying it", show, options);
    command.add_option("FILE", options->files, "Keys (PEM) and key sets").required().takes("...");
    add_format_option(command, options->json);
    command = group.add_command("verify", "Walk from the first key set to the last one", verify, options);
    command.add_option("SET", options->files, "The first key set, which is trusted, and its successors in order")
        .required()
        .takes("...");
    command.add_option("--now", options->now, "The time to judge by; by default the clock's").takes("TIME");
    add_format_option(command, options->json);
    return group;
}

}  // namespace sluis
