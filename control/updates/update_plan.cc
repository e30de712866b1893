#include "control/updates/update_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/bundle/bundle_clock.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_files.h"
#include "control/updates/mirror_url.h"
#include "dataplane/interface/atomic_file.h"

namespace sluis {
namespace {

/// Seconds until what could not be installed is tried again.
constexpr std::int64_t kDelay = 300;
/// Seconds until a box is looked at again that cannot tell what is new.
constexpr std::int64_t kLookAgain = 60;

std::string memory_path(const UpdatesConfig& config) { return config.directory + "/memory"; }

std::vector<std::string> folders_of(const UpdatesConfig& config) {
    std::vector<std::string> folders;
    for (const std::string& mirror : config.mirrors)
        if (const auto url = read_mirror_url(mirror)) folders.push_back(*url);
    return folders;
}

tl::unexpected<UpdateRefusal> nothing_to_install(std::string message) {
    return tl::unexpected(UpdateRefusal{0, "nothing_to_install", std::move(message)});
}

std::string describe(const UpdateRefusal& refusal) {
    return fmt::format("{}{}: {}", refusal.code == 0 ? "" : std::to_string(refusal.code) + " ", refusal.name,
                       refusal.message);
}

}  // namespace

UpdatePlan::UpdatePlan(const UpdatesConfig& config, UpdateTarget& target, MirrorGet get, UpdaterWorld world)
    : config_(config),
      target_(target),
      world_(std::move(world)),
      window_(parse_install_window(config.window).value_or(InstallWindow{})),
      round_(folders_of(config), config.directory, std::move(get), world_.limits, world_.random),
      since_(world_.now()) {
    remove_unfinished(memory_path(config));
    if (const auto file = read_whole_file(memory_path(config), kUpdatesMemoryLimit))
        memory_ = read_updates_memory(*file);
    view_.stage = config.is_on() ? UpdateStage::waiting : UpdateStage::off;
    view_.install = config.install;
    view_.window = config.window;
    view_.next_check = config.is_on() ? since_ + first_delay(config.every, world_.random()) : 0;
}

void UpdatePlan::enter(UpdateStage stage, std::string message) {
    view_.stage = stage;
    view_.message = std::move(message);
    if (changed_) changed_(view());
}

UpdatesView UpdatePlan::view() const {
    UpdatesView now = view_;
    now.fresh = memory_.fresh;
    now.mirrors.assign(round_.mirrors().begin(), round_.mirrors().end());
    now.downloaded = round_.downloaded();
    now.refused = memory_.refused;
    now.alarms = updates_alarms(now, config_.every, since_, world_.now());
    return now;
}

/// What cannot be kept is learnt again, at the cost of a download.
void UpdatePlan::remember() {
    [[maybe_unused]] const auto kept =
        write_file_atomically(memory_path(config_), as_bytes(write_updates_memory(memory_)));
}

std::optional<BoxRules> UpdatePlan::look() {
    auto box = target_.look();
    if (box) return std::move(*box);
    view_.next_check = world_.now() + kLookAgain;
    enter(UpdateStage::failing, box.error());
    return std::nullopt;
}

void UpdatePlan::check(bool all) {
    const std::int64_t now = world_.now();
    const auto box = look();
    if (!box) return;
    view_.next_check = now + kLookAgain;
    if (!is_clock_set(now)) return enter(UpdateStage::clock_not_set);
    if (box->keys.freshness_keys.empty()) return enter(UpdateStage::no_freshness_keys);
    enter(UpdateStage::checking);
    if (learn(*box, all)) consider(*box, all);
    plan_next_check();
    enter(view_.stage, view_.message);
}

/// What the mirrors say; whether there is something to go by.
bool UpdatePlan::learn(const BoxRules& box, bool all) {
    view_.checked = world_.now();
    const auto found = round_.ask(box.keys, box.note, view_.checked, all);
    newest_ = box.note;
    std::string trouble;
    if (found && (!newest_ || found->note.issued > newest_->issued)) {
        newest_ = found->note;
        if (const auto taken = target_.take_note(found->file); !taken) trouble = describe(taken.error());
    }
    if (found) {
        memory_.fresh = view_.checked;
        round_.forget_downloads(to_hex(newest_->bundle));  // makes the folder, too
        remember();
    }
    if (!newest_ || !found) {
        enter(UpdateStage::failing, "no mirror gave a right note");
        return false;
    }
    view_.newest_sequence = newest_->sequence;
    view_.newest_sha256 = to_hex(newest_->bundle);
    if (trouble.empty()) return true;
    enter(UpdateStage::delayed, trouble);
    return false;
}

/// Whether there is nothing to fetch.
bool UpdatePlan::is_settled(const BoxRules& box) {
    const auto settle = [&](UpdateStage stage, std::string message) {
        file_.clear();
        round_.forget_downloads("");
        enter(stage, std::move(message));
        return true;
    };
    if (newest_->sequence <= box.sequence) return settle(UpdateStage::up_to_date, "");
    if (view_.newest_sha256 == box.rolled_back) return settle(UpdateStage::rolled_back, "");
    if (const RefusedBundle* refused = memory_.find(view_.newest_sha256))
        return settle(UpdateStage::refused, describe({refused->code, refused->name, refused->message}));
    return false;
}

void UpdatePlan::consider(const BoxRules& box, bool all) {
    if (is_settled(box)) return;
    enter(UpdateStage::downloading);
    auto file = round_.fetch(*newest_, box.keys, view_.checked, all);
    if (!file) {
        file_.clear();
        return enter(UpdateStage::failing, file.error().message);
    }
    tried_ = tried_ && file_ == *file;
    file_ = std::move(*file);
    delayed_ = 0;
    decide(box);
}

void UpdatePlan::go_on() {
    if (file_.empty()) return enter(view_.stage, view_.message);  // alarms come with time
    const auto box = look();
    if (box && !is_settled(*box)) decide(*box);
}

/// Whether the bundle that is here is to be installed now.
void UpdatePlan::decide(const BoxRules& box) {
    const std::int64_t now = world_.now();
    if (box.pending) return enter(UpdateStage::waits_for_probation);
    if (now < delayed_ && delayed_ - now <= kDelay) return enter(view_.stage, view_.message);
    if (config_.install == InstallMode::ask) {
        if (tried_ || passes_dry_run()) enter(UpdateStage::waits_for_somebody);
        return;
    }
    if (!window_.contains(world_.minute(now))) return enter(UpdateStage::waits_for_window);
    [[maybe_unused]] const auto outcome = install("");
}

bool UpdatePlan::passes_dry_run() {
    enter(UpdateStage::installing);
    const auto outcome = target_.dry_run(file_);
    tried_ = outcome.has_value();
    if (!outcome) after_refusal(outcome.error());
    return tried_;
}

UpdateOutcome UpdatePlan::install(const std::string& who, const std::string& comment) {
    if (file_.empty()) return nothing_to_install("no bundle waits; look with `check`");
    enter(UpdateStage::installing);
    const std::string pulled = fmt::format("pulled, {} {}{}{}", view_.newest_sequence, view_.newest_sha256,
                                           comment.empty() ? "" : ": ", comment);
    auto outcome = target_.install(file_, {who.empty() ? "updates" : who, pulled, who.empty()});
    if (!outcome) {
        after_refusal(outcome.error());
        return outcome;
    }
    ++view_.installs;
    file_.clear();
    round_.forget_downloads("");
    enter(UpdateStage::up_to_date, *outcome);
    return outcome;
}

void UpdatePlan::after_refusal(const UpdateRefusal& refusal) {
    ++view_.refusals;
    if (!is_lasting(refusal.code)) {
        delayed_ = world_.now() + kDelay;
        return enter(UpdateStage::delayed, describe(refusal));
    }
    memory_.refuse({view_.newest_sha256, view_.newest_sequence, refusal.code, refusal.name, refusal.message});
    remember();
    file_.clear();
    round_.forget_downloads("");
    enter(UpdateStage::refused, describe(refusal));
}

/// Sooner than usual when something failed, and never sooner than a mirror may be asked.
void UpdatePlan::plan_next_check() {
    const std::int64_t now = world_.now();
    view_.next_check = now + spread_interval(config_.every, world_.random());
    if (view_.stage == UpdateStage::delayed) view_.next_check = std::min(view_.next_check, now + kDelay);
    if (view_.stage != UpdateStage::failing) return;
    const auto retry = round_.next_retry(now);
    if (retry) view_.next_check = std::clamp(*retry, now + 1, view_.next_check);
}

}  // namespace sluis
