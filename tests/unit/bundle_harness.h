// Keys, key sets, bundles and stores for tests: made anew, signed with keys of this run.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/bundle/blob.h"
#include "control/bundle/bundle_store.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/envelope.h"
#include "control/bundle/message_reader.h"
#include "tests/unit/scratch_folder.h"

namespace sluis::test {

/// In the year 2090: after the day of any build that these tests will see.
inline constexpr std::int64_t kNow = 3'810'000'000;
/// How long key sets last from kNow on, seconds.
inline constexpr std::int64_t kKeysLast = 10'000'000;
inline constexpr std::string_view kRuleText = R"(
category = "tiktok"
default = "on"
comment = "made for a test"
source = "a test"
suffix = [ { name = "tiktok.com", comment = "the site" } ]
)";

inline PrivateKey new_key() {
    auto key = PrivateKey::generate();
    if (!key) std::abort();
    return std::move(*key);
}

/// A few keys that all tests of a program share: making one takes milliseconds.
inline const PrivateKey& test_key(std::size_t number) {
    static std::vector<PrivateKey> keys = [] {
        std::vector<PrivateKey> made;
        for (int i = 0; i < 6; ++i) made.push_back(new_key());
        return made;
    }();
    return keys.at(number);
}

using KeyNumbers = std::vector<std::size_t>;

inline std::string sign(std::string payload, const KeyNumbers& keys, Purpose purpose = Purpose::rules) {
    wire::Envelope envelope;
    envelope.set_payload(payload);
    const Sha256 digest = sha256(as_bytes(signed_bytes(purpose, payload)));
    for (const std::size_t key : keys)
        add_signature(envelope, test_key(key).public_key().id(), test_key(key).sign(digest).value());
    return write_message(envelope);
}

/// A bundle that is right, before `change`.
inline wire::RuleBundle bundle(std::uint64_t sequence, const std::function<void(wire::RuleBundle&)>& change = {}) {
    wire::RuleBundle made;
    made.set_format(kBundleFormat);
    made.set_product(std::string(kProduct));
    made.add_boards("testboard");
    made.set_sequence(sequence);
    made.set_created(kNow - 1000);
    made.set_expires(kNow + 1000);
    made.set_min_engine(1);
    *made.add_blobs() = pack_blob({"rules.toml", std::string(kRuleText)});
    if (change) change(made);
    return made;
}

/// Root key 0, rule key 1, before `change`.
inline wire::KeySet key_set(std::uint64_t version, const std::function<void(wire::KeySet&)>& change = {}) {
    wire::KeySet made;
    made.set_format(kKeySetFormat);
    made.set_version(version);
    made.set_product(std::string(kProduct));
    made.add_root_keys(test_key(0).public_key().spki());
    made.set_root_threshold(1);
    made.add_rule_keys(test_key(1).public_key().spki());
    made.set_rule_threshold(1);
    made.set_expires(kNow + kKeysLast);
    made.set_development(true);
    if (change) change(made);
    return made;
}

inline std::string signed_bundle(std::uint64_t sequence, const std::function<void(wire::RuleBundle&)>& change = {}) {
    return sign(write_message(bundle(sequence, change)), {1});
}
inline std::string signed_key_set(std::uint64_t version, const std::function<void(wire::KeySet&)>& change = {},
                                  const KeyNumbers& keys = {0}) {
    return sign(write_message(key_set(version, change)), keys, Purpose::key_set);
}

inline KeySet first_keys(const std::function<void(wire::KeySet&)>& change = {}) {
    auto keys = read_first_key_set(as_bytes(signed_key_set(1, change)));
    if (!keys) ADD_FAILURE() << describe(keys.error());
    return keys.value();
}

template <typename T>
BundleCode code_of(const Checked<T>& result) {
    return result ? BundleCode::ok : result.error().code;
}

inline void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// A store in a folder of its own, with a factory bundle of sequence 1.
struct TestStore {
    TestStore() {
        options.directory = folder / "store";
        options.factory_bundle = folder / "factory.bundle";
        options.factory_keys = folder / "factory.keyset";
        options.board = "testboard";
        write_file(options.factory_bundle, signed_bundle(1));
        write_file(options.factory_keys, signed_key_set(1));
    }
    /// As a process would that starts now.
    BundleStore open() {
        auto store = BundleStore::open(options);
        if (!store) ADD_FAILURE() << describe(store.error());
        return std::move(store.value());
    }
    BundleCode install(std::uint64_t sequence, const std::function<void(wire::RuleBundle&)>& change = {}) {
        return code_of(open().install(signed_bundle(sequence, change), kNow, false));
    }
    BundleCode confirm(std::int64_t now = kNow) { return code_of(open().confirm(now)); }
    BundleCode roll_back() { return code_of(open().roll_back()); }

    ScratchFolder folder;
    StoreOptions options;
};

}  // namespace sluis::test
