#include "control/bundle/rule_bundle.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/message_reader.h"
#include "control/rules/rule_explanation.h"

namespace sluis {
namespace {

std::size_t input_size(const wire::SelfTest& test) {
    std::size_t size = test.name().size() + test.dns_name().size() + test.tls_stream().size() + test.address().size();
    for (const std::string& datagram : test.quic_hello().datagrams()) size += datagram.size();
    return size;
}

bool is_right(const wire::SelfTest& test) {
    return test.input_case() != wire::SelfTest::INPUT_NOT_SET && input_size(test) <= kSelfTestSizeLimit &&
           static_cast<std::size_t>(test.quic_hello().datagrams_size()) <= kSelfTestDatagramLimit &&
           (test.expected() == wire::EXPECTATION_MATCH || test.expected() == wire::EXPECTATION_PASS) &&
           test.rule().size() <= kBundleTextLimit && test.category().size() <= kBundleTextLimit;
}

bool are_names(const google::protobuf::RepeatedPtrField<std::string>& texts) {
    const auto is_name = [](const std::string& text) { return !text.empty() && text.size() <= kBundleNameLimit; };
    return std::all_of(texts.begin(), texts.end(), is_name);
}

/// The repeated field of which there are more than any bundle may have; empty when there is none. Looked at before the
/// bundle is read into memory, where an empty part takes fifty times as much.
std::string_view too_many(std::string_view payload) {
    struct Bound {
        int field;
        std::size_t most;
        std::string_view name;
    };
    constexpr std::array kBounds{
        Bound{wire::RuleBundle::kBoardsFieldNumber, kBoardLimit, "boards"},
        Bound{wire::RuleBundle::kRequiredFeaturesFieldNumber, kFeatureLimit, "required_features"},
        Bound{wire::RuleBundle::kBlobsFieldNumber, kBlobLimit, "blobs"},
        Bound{wire::RuleBundle::kTestsFieldNumber, kSelfTestLimit, "tests"},
    };
    for (const Bound& each : kBounds)
        if (count_fields(payload, static_cast<std::uint32_t>(each.field)) > each.most) return each.name;
    return "";
}

/// What of the bundle is missing, too long or too much; empty when all is well.
std::string_view out_of_range(const wire::RuleBundle& bundle) {
    if (bundle.product().empty() || bundle.product().size() > kBundleNameLimit) return "product";
    if (bundle.boards().empty() || !are_names(bundle.boards())) return "boards";
    if (!are_names(bundle.required_features())) return "required_features";
    if (bundle.origin().size() > kBundleTextLimit) return "origin";
    if (bundle.notes().size() > kBundleTextLimit) return "notes";
    if (bundle.blobs().empty()) return "blobs";
    const auto& tests = bundle.tests();
    return std::all_of(tests.begin(), tests.end(), is_right) ? "" : "a self-test";
}

}  // namespace

Checked<wire::RuleBundle> read_rule_bundle(std::string_view payload) {
    const auto refuse_part = [](std::string_view part) {
        return refuse(BundleCode::payload_limit, fmt::format("of the bundle, {}: missing, too long or too many", part));
    };
    if (const auto part = too_many(payload); !part.empty()) return refuse_part(part);
    wire::RuleBundle bundle;
    if (!read_message(payload, bundle))
        return refuse(BundleCode::payload_malformed, "the signed content is no rule bundle");
    if (bundle.format() != kBundleFormat) {
        return refuse(BundleCode::format_unknown,
                      fmt::format("the bundle has format {}; this version reads {}", bundle.format(), kBundleFormat));
    }
    if (!has_shape(payload, shape::kRuleBundle))
        return refuse(BundleCode::payload_malformed, "the bundle has parts that its format does not have");
    if (const auto part = out_of_range(bundle); !part.empty()) return refuse_part(part);
    return bundle;
}

bool has_feature(std::string_view feature) {
    if (feature == "self-test") return true;
    constexpr std::string_view kRulePrefix = "rule-";
    if (!feature.starts_with(kRulePrefix)) return false;
    feature.remove_prefix(kRulePrefix.size());
    for (std::size_t kind = 0; kind < kRuleKinds; ++kind)
        if (kind_name(static_cast<RuleKind>(kind)) == feature) return true;
    return false;
}

Checked<void> check_features(const wire::RuleBundle& bundle) {
    if (bundle.min_engine() > kEngineVersion) {
        return refuse(BundleCode::engine_too_old,
                      fmt::format("the rules need engine {}; this box has {}. Update its firmware first",
                                  bundle.min_engine(), kEngineVersion));
    }
    for (const std::string& feature : bundle.required_features()) {
        if (has_feature(feature)) continue;
        return refuse(
            BundleCode::feature_unknown,
            fmt::format("the rules need '{}', which this version does not have. Update its firmware first", feature));
    }
    return {};
}

}  // namespace sluis
