#include "control/bundle/self_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "control/bundle/quic_hello.h"
#include "control/bundle/self_test_target.h"
#include "dataplane/match/address_prefix.h"
#include "dataplane/match/name.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/protocol/tls_record.h"

namespace sluis {
namespace {

/// The rules that one name matches.
class Matches final : public MatchVisitor {
public:
    void on_match(std::uint32_t /*name_index*/, std::uint32_t rule_id) noexcept override {
        // The scan allocates nothing, and a name that matches more rules than this is matched well enough.
        if (count < ids.size()) ids[count++] = rule_id;
    }
    std::array<std::uint32_t, 64> ids{};
    std::size_t count = 0;
};

/// Holds one input at a time, a name or an address, against the rules; a batch would only make it faster.
class RuleMatcher {
public:
    explicit RuleMatcher(const RuleSet& rules) : rules_(rules), scanner_(rules) {}
    bool ok() const { return scanner_.ok(); }

    /// Whether a rule matches: of the name and category that are given, else one that is on by default.
    bool matches(const std::string& rule, const std::string& category) {
        const auto is_wanted = [&](std::uint32_t id) {
            const Rule each = rules_.rule(id);
            const Category& its = rules_.categories()[each.category];
            if (!rule.empty() && each.name != rule) return false;
            if (!category.empty()) return its.name == category;
            return !rule.empty() || its.default_on;
        };
        if (address_) {
            const auto all = rules_.address_rules();
            return std::any_of(all.begin(), all.end(), [&](const AddressRule& each) {
                return covers(each.prefix, address_->address, address_->ipv6) && is_wanted(each.rule);
            });
        }
        Matches found;
        scanner_.scan(batch_, found);
        return std::any_of(found.ids.begin(), found.ids.begin() + static_cast<std::ptrdiff_t>(found.count), is_wanted);
    }
    void set_text(Bytes text) {
        clear();
        batch_.add_text(text);
    }
    void set_dns(Bytes wire) {
        clear();
        batch_.add_dns(wire);
    }
    void set_address(const AddressPrefix& address) {
        clear();
        address_ = address;
    }
    /// What is held against the rules, for people.
    std::string input() const {
        if (!address_) return batch_.empty() ? "" : std::string(batch_.name(0));
        const std::string prefix = address_prefix_text(*address_);
        return prefix.substr(0, prefix.find('/'));
    }

private:
    void clear() {
        batch_.clear();
        address_.reset();
    }

    const RuleSet& rules_;
    RuleScanner scanner_;
    NameBatch batch_;
    std::optional<AddressPrefix> address_;
};

/// Whether `wire` is one whole DNS name without compression (RFC 1035, section 3.1).
bool is_dns_name(Bytes wire) {
    std::size_t at = 0;
    while (at < wire.size()) {
        const auto label = std::to_integer<std::size_t>(wire[at]);
        if (label == 0) return at + 1 == wire.size() && wire.size() <= 255;
        if (label > 63) return false;
        at += label + 1;
    }
    return false;
}

/// The name in the ClientHello that `stream` begins with; fails when there is no complete hello with a name.
tl::expected<std::string, std::string> tls_server_name(Bytes stream) {
    TlsClientReader reader;
    std::vector<std::byte> scratch(kHandshakeLimit + kHandshakeHeaderSize);
    const auto progress = reader.advance(stream, scratch);
    if (!progress || progress->event != TlsClientEvent::client_hello)
        return tl::unexpected<std::string>("holds no complete ClientHello in TLS records");
    if (!progress->hello.has_server_name)
        return tl::unexpected<std::string>("holds a ClientHello that names no server");
    return std::string(as_text(progress->hello.server_name));
}

/// Puts the name of a hello before the matcher.
tl::expected<void, std::string> set_hello(RuleMatcher& matcher, const tl::expected<std::string, std::string>& name) {
    if (!name) return tl::unexpected("it " + name.error());
    matcher.set_text(as_bytes(*name));
    return {};
}

/// Puts the test's input before the matcher; says what is wrong with it.
tl::expected<void, std::string> set_input(RuleMatcher& matcher, const wire::SelfTest& test) {
    switch (test.input_case()) {
        case wire::SelfTest::kName:
            matcher.set_text(as_bytes(test.name()));
            return {};
        case wire::SelfTest::kDnsName:
            if (!is_dns_name(as_bytes(test.dns_name())))
                return tl::unexpected<std::string>("its bytes are no DNS name in wire form");
            matcher.set_dns(as_bytes(test.dns_name()));
            return {};
        case wire::SelfTest::kTlsStream:
            return set_hello(matcher, tls_server_name(as_bytes(test.tls_stream())));
        case wire::SelfTest::kQuicHello:
            return set_hello(matcher, quic_server_name(test.quic_hello()));
        case wire::SelfTest::kAddress: {
            const auto address = read_address(test.address());
            if (!address) return tl::unexpected("'" + test.address() + "' is no IPv4 or IPv6 address");
            matcher.set_address(*address);
            return {};
        }
        case wire::SelfTest::INPUT_NOT_SET:
            break;
    }
    return tl::unexpected<std::string>("it has no input");
}

std::string wanted_rule(const wire::SelfTest& test) {
    if (!test.rule().empty()) return fmt::format("the rule '{}'", test.rule());
    if (!test.category().empty()) return fmt::format("a rule of category '{}'", test.category());
    return "a rule that is on by default";
}

Checked<void> check_targets(const RuleSet& rules, const google::protobuf::RepeatedPtrField<wire::SelfTest>& tests) {
    SelfTestTargets targets;
    for (std::uint32_t id = 0; id < rules.size(); ++id) {
        const Rule rule = rules.rule(id);
        targets.add(std::string(rules.categories()[rule.category].name), std::string(rule.name));
    }
    return targets.check(tests);
}

}  // namespace

Checked<void> run_self_tests(const RuleSet& rules, const google::protobuf::RepeatedPtrField<wire::SelfTest>& tests) {
    if (auto targets = check_targets(rules, tests); !targets) return targets;
    RuleMatcher matcher(rules);
    if (!matcher.ok()) return refuse(BundleCode::trial_memory, "there is no memory to scan names");
    int number = 0;
    for (const wire::SelfTest& test : tests) {
        ++number;
        if (auto input = set_input(matcher, test); !input)
            return refuse(BundleCode::self_test_failed, fmt::format("self-test {}: {}", number, input.error()));
        const bool must_match = test.expected() == wire::EXPECTATION_MATCH;
        if (matcher.matches(test.rule(), test.category()) == must_match) continue;
        return refuse(BundleCode::self_test_failed,
                      fmt::format("self-test {}: '{}' {} {}", number, matcher.input(),
                                  must_match ? "is not matched by" : "is matched by", wanted_rule(test)));
    }
    return {};
}

Checked<void> check_pinned_names(const RuleSet& rules, const google::protobuf::RepeatedPtrField<std::string>& names) {
    RuleMatcher matcher(rules);
    if (!matcher.ok()) return refuse(BundleCode::trial_memory, "there is no memory to scan names");
    for (const std::string& name : names) {
        matcher.set_text(as_bytes(name));
        bool refused = matcher.matches("", "");
        if (const auto address = read_address(name)) {
            matcher.set_address(*address);
            refused = refused || matcher.matches("", "");
        }
        if (!refused) continue;
        return refuse(BundleCode::pinned_name_refused,
                      fmt::format("the rules would refuse '{}', which must pass on this box", name));
    }
    return {};
}

}  // namespace sluis
