#include "dataplane/hand_over.h"

#include <unistd.h>

#include <string>
#include <utility>

#include "dataplane/interface/policy.h"
#include "dataplane/interface/sealed_memory.h"
#include "dataplane/match/compiled_set.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

/// What a load takes at the most beside the copy itself: its tables, and the engine's database.
constexpr std::uint32_t kCopies = 4;

command::Reply refusal(command::Code code, std::string message) {
    log(LogLevel::warn, {{"event", "offer_refused"}, {"reason", message}});
    command::Reply reply;
    reply.set_code(code);
    reply.set_message(std::move(message));
    return reply;
}

command::Reply refusal(SealedError error, const std::string& object) {
    switch (error) {
        case SealedError::not_sealed:
            return refusal(command::NOT_SEALED,
                           "the " + object + " is no memfd with the seals SEAL, SHRINK, GROW and WRITE");
        case SealedError::too_large:
            return refusal(command::TOO_LARGE, "the " + object + " is larger than one may be");
        case SealedError::no_memory:
            return refusal(command::NO_MEMORY, "there is not enough free memory for the " + object +
                                                   " beside what is in force; free some and try again");
        case SealedError::unreadable:
            break;
    }
    return refusal(command::NOT_SEALED, "the " + object + " cannot be read from its descriptor");
}

using Refusal = std::optional<command::Reply>;

/// Puts the rule set into `parts`, with what [policy] says of its categories.
Refusal take_rules(const FileDescriptor& descriptor, const Config& config, Generation::Parts& parts) {
    const auto bytes = read_sealed(descriptor.get(), kCompiledSetLimit, kCopies);
    if (!bytes) return refusal(bytes.error(), "rule set");
    auto rules = RuleSet::load(*bytes);
    if (!rules) return refusal(command::RULES, rules.error());
    const auto policy = make_policy(config, **rules);
    if (!policy) return refusal(command::RULES, policy.error());
    parts.rules = std::move(*rules);
    parts.policy = *policy;
    return std::nullopt;
}

Refusal take_zones(const FileDescriptor& descriptor, Generation::Parts& parts) {
    auto bytes = read_sealed(descriptor.get(), kZoneTableLimit, kCopies);
    if (!bytes) return refusal(bytes.error(), "zone table");
    auto zones = ZoneImage::load(std::move(*bytes));
    if (!zones) return refusal(command::ZONES, zones.error());
    parts.zones = std::move(*zones);
    return std::nullopt;
}

}  // namespace

command::State HandOver::state() {
    settle();
    const Generation& current = generations_.current();
    const ZoneImage* zones = current.parts().zones.get();
    command::State state;
    state.set_generation(current.number());
    state.set_rules_digest(std::string(current.rules().digest()));
    state.set_rules(current.rules().size());
    state.set_zones(1);
    if (zones != nullptr) {
        state.set_zones_digest(zones->digest());
        state.set_policy(zones->table().generation());
        state.set_zones(static_cast<std::uint32_t>(zones->table().zone_count()));
    }
    const auto uptime = std::chrono::steady_clock::now() - started_;
    state.set_uptime_seconds(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(uptime).count()));
    for (const PairConfig& each : config_.pairs) {
        command::Pair* pair = state.add_pairs();
        pair->set_name(each.name);
        pair->set_workers(each.workers);
    }
    state.set_mode("inline");
    state.set_pid(static_cast<std::uint32_t>(::getpid()));
    return state;
}

Refusal HandOver::offer(const command::Offer& offer, std::vector<FileDescriptor> descriptors) {
    settle();
    if (!generations_.settled())
        return refusal(command::BUSY, "some worker has not taken up the last offer yet; try again");
    Generation::Parts parts = generations_.current().parts();
    parts.zones = nullptr;
    ++parts.number;
    auto descriptor = descriptors.begin();
    if (offer.rules())
        if (auto refused = take_rules(*descriptor++, config_, parts)) return refused;
    if (offer.zones())
        if (auto refused = take_zones(*descriptor++, parts)) return refused;
    auto next = Generation::make(std::move(parts), counters_.header().labels);
    if (!next) return refusal(command::ZONES, next.error());
    generations_.swap(std::move(*next));
    swapped_ = std::chrono::steady_clock::now();
    named_ = false;
    return std::nullopt;
}

Refusal HandOver::outcome() {
    settle();
    if (named_) return ok();
    if (std::chrono::steady_clock::now() - swapped_ < kSwapTime) return std::nullopt;
    return refusal(command::LATE, "a worker has not taken up the offer in time; it does when it polls again");
}

void HandOver::settle() {
    if (named_ || !generations_.settled()) return;
    named_ = true;
    const Generation& current = generations_.current();
    counters_.name_rules(current.number(), current.rules().digest());
    log(LogLevel::info, {{"event", "rules"},
                         {"generation", std::to_string(current.number())},
                         {"count", std::to_string(current.rules().size())},
                         {"digest", std::string(current.rules().digest())}});
}

command::Reply HandOver::ok() {
    command::Reply reply;
    reply.set_code(command::OK);
    *reply.mutable_state() = state();
    return reply;
}

}  // namespace sluis
