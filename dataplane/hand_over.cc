#include "dataplane/hand_over.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/interface/config_changes.h"
#include "dataplane/interface/policy.h"
#include "dataplane/interface/sealed_memory.h"
#include "dataplane/match/compiled_set.h"
#include "dataplane/port/log.h"
#include "dataplane/preparation.h"

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
Refusal take_rules(const FileDescriptor& descriptor, const std::shared_ptr<const Config>& config,
                   Generation::Parts& parts) {
    const auto bytes = read_sealed(descriptor.get(), kCompiledSetLimit, kCopies);
    if (!bytes) return refusal(bytes.error(), "rule set");
    auto rules = RuleSet::load(*bytes);
    if (!rules) return refusal(command::RULES, rules.error());
    const auto policy = make_policy(*config, **rules);
    if (!policy) return refusal(command::RULES, policy.error());
    parts.rules = std::move(*rules);
    parts.policy = *policy;
    parts.policy_owner = config;
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

/// systemd sets them for what it starts; whoever else starts the dataplane again may set one, too.
bool is_supervised() { return ::getenv("NOTIFY_SOCKET") != nullptr || ::getenv("INVOCATION_ID") != nullptr; }

constexpr std::uint64_t kConfigLimit = std::uint64_t{1} << 20;  ///< bytes, as load_config
constexpr std::size_t kChangeLimit = 64;                        ///< that a reply names
constexpr std::size_t kValueLimit = 60;                         ///< bytes of a value that a reply shows

std::string shortened(const std::string& value) {
    return value.size() <= kValueLimit ? value : value.substr(0, kValueLimit) + "…";
}

command::Reply describe_changes(const std::vector<ConfigChange>& changes) {
    command::Reply reply;
    reply.set_code(command::OK);
    for (const ConfigChange& change : changes) {
        reply.mutable_changes()->set_restart(reply.changes().restart() || !change.live);
        if (static_cast<std::size_t>(reply.changes().changes_size()) == kChangeLimit) {
            reply.mutable_changes()->set_others(reply.changes().others() + 1);
            continue;
        }
        command::Change& made = *reply.mutable_changes()->add_changes();
        made.set_key(change.key);
        made.set_before(shortened(change.before));
        made.set_after(shortened(change.after));
        made.set_live(change.live);
    }
    return reply;
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
    for (const PairConfig& each : config_->pairs) {
        command::Pair* pair = state.add_pairs();
        pair->set_name(each.name);
        pair->set_set(each.set);
        pair->set_workers(each.workers);
    }
    modes_.describe(state);
    state.set_pid(static_cast<std::uint32_t>(::getpid()));
    state.set_config(config_->path);
    state.set_config_digest(config_->digest);
    state.set_supervised(is_supervised());
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
    return put_in_place(std::move(parts));
}

Refusal HandOver::put_in_place(Generation::Parts parts) {
    auto next = Generation::make(std::move(parts), counters_.header().labels);
    if (!next) return refusal(command::ZONES, next.error());
    generations_.swap(std::move(*next));
    swapped_ = std::chrono::steady_clock::now();
    named_ = false;
    return std::nullopt;
}

Refusal HandOver::set_mode(const command::SetMode& wanted) {
    if (auto refused = modes_.set(wanted)) return refused;
    swapped_ = std::chrono::steady_clock::now();
    return std::nullopt;
}

/// Checked as at a start, with the rules in force: a start would meet these, or others by then.
Refusal HandOver::configure(const command::Configure& request, FileDescriptor text) {
    settle();
    const auto bytes = read_sealed(text.get(), kConfigLimit, 1);
    if (!bytes) return refusal(bytes.error(), "configuration");
    const std::string_view written(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    auto parsed = parse_config(written, config_->path, true);
    if (!parsed) return refusal(command::CONFIG, parsed.error());
    const auto next = std::make_shared<const Config>(std::move(*parsed));
    if (const auto policy = make_policy(*next, generations_.current().rules()); !policy)
        return refusal(command::CONFIG, policy.error());
    if (const auto fit = check_machine(*next, config_.get()); !fit) return refusal(command::CONFIG, fit.error());
    const auto changes = changes_between(*config_, *next);
    command::Reply reply = describe_changes(changes);
    if (request.dry_run()) return reply;
    if (reply.changes().restart()) {
        reply.set_code(command::RESTART);
        reply.set_message("some of its keys need another start");
        return reply;
    }
    if (!generations_.settled())
        return refusal(command::BUSY, "some worker has not taken up the last offer; try again");
    const auto judges = [](const ConfigChange& change) { return change.key.substr(0, 5) != "pair."; };
    return take_up(next, std::any_of(changes.begin(), changes.end(), judges));
}

Refusal HandOver::take_up(std::shared_ptr<const Config> next, bool judges_otherwise) {
    if (judges_otherwise) {
        Generation::Parts parts = generations_.current().parts();
        const auto policy = make_policy(*next, *parts.rules);
        if (!policy) return refusal(command::CONFIG, policy.error());
        parts.policy = *policy;
        parts.policy_owner = next;
        ++parts.number;
        if (auto refused = put_in_place(std::move(parts))) return refused;
    }
    config_ = std::move(next);
    counters_.name_config(config_->digest);
    modes_.configure(*config_);
    swapped_ = std::chrono::steady_clock::now();
    log(LogLevel::info, {{"event", "configured"}, {"digest", config_->digest}});
    return std::nullopt;
}

command::Reply HandOver::end() {
    ending_ = true;
    log(LogLevel::info, {{"event", "end_asked_for"}});
    return ok();
}

Refusal HandOver::outcome() {
    settle();
    if (named_ && modes_.settled()) return ok();
    if (std::chrono::steady_clock::now() - swapped_ < kSwapTime) return std::nullopt;
    return refusal(command::LATE, "a worker has not taken up the change in time; it does when it polls again");
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
