#include "control/bundle/rule_trial.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>

#include "control/bundle/bundle_error.h"
#include "control/bundle/self_test.h"
#include "control/rules/allowed_names.h"
#include "control/rules/rule_compiler.h"
#include "control/rules/rule_explanation.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

/// The first mistake, and how many more there are.
std::string first_of(const std::vector<std::string>& errors) {
    return errors.size() == 1 ? errors[0] : fmt::format("{} (and {} more)", errors[0], errors.size() - 1);
}

/// Processor time of this process, from its start: unlike the wall's, it does not depend on what else the box does.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Checked<void> check_time(std::chrono::nanoseconds taken, const wire::RuleLimits& limits) {
    const auto allowed = std::chrono::milliseconds(limits.compile_ms());
    if (allowed.count() == 0 || taken <= allowed) return {};
    return refuse(BundleCode::trial_time,
                  fmt::format("the rules took {} ms of the processor; the bundle says {} at the most",
                              std::chrono::ceil<std::chrono::milliseconds>(taken).count(), allowed.count()));
}

Checked<RuleSource> read_source(const wire::TrialRequest& request) {
    RuleSource source;
    std::vector<std::string> errors;
    for (const wire::RuleFile& file : request.files()) read_rule_text(file.content(), file.name(), source, errors);
    if (!errors.empty()) return refuse(BundleCode::rules_wrong, first_of(errors));
    if (source.rules.empty()) return refuse(BundleCode::rules_wrong, "there is no rule in the bundle");
    if (has_allowed_category(source)) {
        return refuse(BundleCode::rules_wrong,
                      fmt::format("category '{}' is for the policy of a box; call it otherwise", kAllowedCategory));
    }
    const std::uint32_t limit = request.limits().rules();
    if (limit != 0 && source.rules.size() > limit) {
        return refuse(BundleCode::rule_limit,
                      fmt::format("the bundle has {} rules, and says {} at the most", source.rules.size(), limit));
    }
    return source;
}

Checked<std::vector<std::byte>> compile(const RuleSource& source, const wire::RuleLimits& limits) {
    auto compiled = compile_rules(source);
    if (!compiled) return refuse(BundleCode::compile_failed, compiled.error());
    if (limits.compiled_bytes() != 0 && compiled->size() > limits.compiled_bytes()) {
        return refuse(BundleCode::compiled_limit, fmt::format("the compiled set has {} bytes; {} are the most",
                                                              compiled->size(), limits.compiled_bytes()));
    }
    return std::move(*compiled);
}

Checked<void> test(const RuleSet& rules, const RuleSource& source, const wire::TrialRequest& request) {
    if (const auto errors = self_test(rules, source); !errors.empty())
        return refuse(BundleCode::self_test_failed, first_of(errors));
    if (auto tested = run_self_tests(rules, request.tests()); !tested) return tested;
    return check_pinned_names(rules, request.pinned_names());
}

/// The same set with the names that the box's policy lets pass.
Checked<std::vector<std::byte>> add_allowed(RuleSource source, const std::vector<std::byte>& compiled,
                                            const wire::TrialRequest& request) {
    if (request.allowed_names().empty()) return compiled;
    add_allowed_names(source, {request.allowed_names().begin(), request.allowed_names().end()});
    auto extended = compile(source, request.limits());
    if (!extended) return extended;
    if (const auto rules = RuleSet::load(*extended); !rules) return refuse(BundleCode::compile_failed, rules.error());
    return extended;
}

Checked<wire::TrialReply> try_all(const wire::TrialRequest& request) {
    const auto source = read_source(request);
    if (!source) return tl::unexpected(source.error());
    const auto compile_start = processor_time();
    const auto compiled = compile(*source, request.limits());
    if (!compiled) return tl::unexpected(compiled.error());
    const auto time = processor_time() - compile_start;
    const auto rules = RuleSet::load(*compiled);
    if (!rules) return refuse(BundleCode::compile_failed, rules.error());
    if (auto tested = test(**rules, *source, request); !tested) return tl::unexpected(tested.error());
    if (auto in_time = check_time(processor_time(), request.limits()); !in_time) return tl::unexpected(in_time.error());
    // The bundle was tested as its maker wrote it; what the box lets pass comes on top.
    const auto with_allowed = add_allowed(*source, *compiled, request);
    if (!with_allowed) return tl::unexpected(with_allowed.error());
    wire::TrialReply reply;
    reply.set_compiled(std::string(as_text(*with_allowed)));
    reply.set_rules((*rules)->size());
    reply.set_compile_ms(
        static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()));
    return reply;
}

}  // namespace

wire::TrialReply try_rules(const wire::TrialRequest& request) {
    auto tried = try_all(request);
    if (tried) return std::move(*tried);
    wire::TrialReply reply;
    reply.set_code(static_cast<std::uint32_t>(tried.error().code));
    reply.set_message(tried.error().message);
    return reply;
}

}  // namespace sluis
