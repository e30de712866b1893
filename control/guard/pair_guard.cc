#include "control/guard/pair_guard.h"

#include <utility>

namespace sluis {
namespace {

std::string word(FailPolicy policy) { return policy == FailPolicy::open ? "open" : "closed"; }

}  // namespace

PairGuard::PairGuard(std::string name, std::unique_ptr<Bypass> bypass) : bypass_(std::move(bypass)) {
    said_.pair = std::move(name);
    said_.method = bypass_->method();
}

void PairGuard::count_on_from(const GuardedPair& before) noexcept {
    said_.failures = before.failures;
    said_.hangs = before.hangs;
}

bool PairGuard::stand_in(FailPolicy policy, PassageCause cause, std::int64_t now) {
    said_.policy = word(policy);
    if (policy == FailPolicy::closed) {
        const auto closed = bypass_->close();
        // What cannot be parted may still cross.
        return say(closed ? Passage::closed : Passage::bypassed, cause, closed ? "" : closed.error(), now);
    }
    const auto opened = bypass_->is_open() ? Bypass::Status{} : bypass_->open();
    return say(opened ? Passage::bypassed : Passage::cut, cause, opened ? "" : opened.error(), now);
}

bool PairGuard::stand_back(FailPolicy policy, bool is_settled, std::int64_t now) {
    said_.policy = word(policy);
    const bool waits = policy == FailPolicy::open && !is_settled && bypass_->outlasts_start() && bypass_->is_open();
    if (waits) return say(Passage::bypassed, has_said_ ? said_.cause : PassageCause::absent, "", now);
    bypass_->put_away();
    const auto watched = bypass_->watch_over(policy);
    const bool stays_open = bypass_->outlasts_start() && bypass_->is_open();
    return say(stays_open ? Passage::bypassed : Passage::dataplane, PassageCause::forwarding,
               watched ? "" : watched.error(), now);
}

bool PairGuard::say(Passage passage, PassageCause cause, std::string trouble, std::int64_t now) {
    const bool leaves = passage != Passage::dataplane && (said_.passage == Passage::dataplane || !has_said_);
    if (has_said_ && said_.passage == passage && said_.trouble == trouble) return false;
    if (leaves && has_said_) {
        ++said_.failures;
        if (cause == PassageCause::hung) ++said_.hangs;
    }
    if (passage != said_.passage || !has_said_) {
        if (has_said_) {
            said_.former = said_.passage;
            said_.former_cause = said_.cause;
            said_.former_since = said_.since;
        }
        // Without a dataplane before and after, it is the policy that has changed, or what stood in its way.
        said_.cause = leaves || passage == Passage::dataplane ? cause : PassageCause::policy;
        said_.since = now;
    }
    said_.passage = passage;
    said_.trouble = std::move(trouble);
    has_said_ = true;
    return true;
}

}  // namespace sluis
