#include "control/api/mode_setter.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "control/api/log.h"
#include "control/dataplane_link/dataplane_link.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;

/// A rule set on its way to the workers is waited for.
constexpr int kTries = 40;
constexpr std::chrono::milliseconds kTryAgain{250};
/// Bytes that the dataplane keeps. A certificate's subject may be longer; the audit record has it whole.
constexpr std::size_t kAuthorLimit = 127;

Outcome fail(const char* name, std::string message) {
    api::JobError error;
    error.set_name(name);
    error.set_message(std::move(message));
    return tl::unexpected(std::move(error));
}

const char* error_name(command::Code code) {
    switch (code) {
        case command::NO_PAIR:
            return "no_such_pair";
        case command::BUSY:
            return "dataplane_busy";
        case command::LATE:
            return "dataplane_late";
        case command::MALFORMED:
            return "refused";
        default:
            return "dataplane_unreachable";
    }
}

/// The pair, or the first one of the set, that is called so.
const command::Pair* find_pair(const command::State& state, const std::string& name) {
    for (const command::Pair& pair : state.pairs())
        if (pair.name() == name || pair.set() == name) return &pair;
    return nullptr;
}

json pair_json(const command::Pair& pair) {
    return {{"pair", pair.name()},     {"mode", pair.mode()},     {"cause", pair.cause()},
            {"author", pair.author()}, {"reason", pair.reason()}, {"until", pair.until()}};
}

}  // namespace

Outcome ModeSetter::set(const api::ModeChange& change, const std::string& who) const {
    auto link = DataplaneLink::connect(runtime_directory_);
    const auto state = link ? link->state() : tl::unexpected(link.error());
    if (!state) return fail("dataplane_unreachable", state.error().message);
    const command::Pair* before = find_pair(*state, change.pair());
    if (before == nullptr) return fail("no_such_pair", "no pair is called \"" + change.pair() + "\"");
    command::SetMode wanted;
    wanted.set_pair(change.pair());
    wanted.set_mode(change.mode());
    wanted.set_author(who.substr(0, kAuthorLimit));
    wanted.set_reason(change.reason());
    wanted.set_seconds(change.duration_seconds());
    AuditRecord record{who, "mode.set", change.reason(), ""};
    const json was = pair_json(*before);
    json wish{{"pair", change.pair()}, {"mode", change.mode()}, {"duration_seconds", change.duration_seconds()}};
    if (const auto written = audit_.write(AuditStage::begun, record, was, wish); !written)
        return fail("audit_unwritable", written.error());
    auto set = link->set_mode(wanted);
    for (int tries = 1; !set && set.error().code == command::BUSY && tries < kTries; ++tries) {
        std::this_thread::sleep_for(kTryAgain);
        set = link->set_mode(wanted);
    }
    const command::Pair* after = set ? find_pair(*set, change.pair()) : nullptr;
    Outcome outcome =
        set ? Outcome(change.pair() + " is " + change.mode()) : fail(error_name(set.error().code), set.error().message);
    if (set && !set->mode_trouble().empty()) *outcome += ", but that is not kept: " + set->mode_trouble();
    record.outcome = outcome ? *outcome : outcome.error().name() + ": " + outcome.error().message();
    const auto written = audit_.write(outcome ? AuditStage::done : AuditStage::failed, record, was,
                                      after == nullptr ? json(nullptr) : pair_json(*after));
    if (!written) log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", "mode.set"}});
    log_event(LogPriority::notice, "mode.set", {{"who", who}, {"outcome", record.outcome}});
    return outcome;
}

}  // namespace sluis
