#include "control/api/config_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <thread>
#include <utility>

#include "control/api/config_plan.h"
#include "control/api/file_mark.h"
#include "control/api/log.h"
#include "control/bundle/bundle_clock.h"
#include "control/dataplane_link/dataplane_link.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;
using std::chrono::steady_clock;

/// How long a request waits for what the dataplane says of a text.
constexpr int kPlanTime = 3;
/// How long the dataplane is waited for that is to start again, each time that it is asked.
constexpr int kAskTime = 2;
constexpr std::chrono::milliseconds kAskAgain{100};
/// A rule set on its way to the workers is waited for.
constexpr int kBusyTries = 100;

Outcome fail(const char* name, std::string message) {
    api::JobError error;
    error.set_name(name);
    error.set_message(std::move(message));
    return tl::unexpected(std::move(error));
}

/// Where a dataplane that runs by one of two texts is to be found.
DataplaneLink::Result<DataplaneLink> connect_to_either(const std::string& directory, const std::string& other) {
    auto link = DataplaneLink::connect(directory);
    return link || other == directory ? std::move(link) : DataplaneLink::connect(other);
}

}  // namespace

std::string config_etag(const std::string& digest) { return "\"" + digest.substr(0, 32) + "\""; }

ConfigKeeper::ConfigKeeper(const std::string& path, const ControlConfig& running, const AuditLog& audit)
    : files_(path), running_(running), audit_(audit) {
    set_journal(files_.read_journal());
    look_at_file();
}

std::string ConfigKeeper::file_digest() const {
    const std::lock_guard lock(mutex_);
    return file_digest_;
}

std::optional<ConfigJournal> ConfigKeeper::change() const {
    const std::lock_guard lock(mutex_);
    return journal_;
}

tl::expected<api::ConfigPlan, Problem> ConfigKeeper::plan(const std::string& text) const {
    return plan_configuration(text, files_.path(), running_, kPlanTime);
}

void ConfigKeeper::set_journal(std::optional<ConfigJournal> journal) {
    const std::lock_guard lock(mutex_);
    journal_ = std::move(journal);
    if (!journal_ || journal_->confirm_until == 0) return;
    const std::int64_t rest =
        std::clamp<std::int64_t>(journal_->confirm_until - system_time(), 0, journal_->confirm_seconds);
    confirm_end_ = steady_clock::now() + std::chrono::seconds(rest);
}

void ConfigKeeper::look_at_file() {
    std::string mark = file_mark(files_.path());
    if (mark == file_mark_) return;
    const auto text = files_.read();
    const std::lock_guard lock(mutex_);
    file_mark_ = std::move(mark);
    file_digest_ = text ? config_digest(*text) : "";
}

/// The next stage, on the disk. What went wrong with that; empty: nothing.
std::string ConfigKeeper::enter(ConfigStage stage) {
    ConfigJournal journal = *change();
    journal.stage = stage;
    if (stage != ConfigStage::undoing && journal.confirm_seconds != 0 && journal.confirm_until == 0)
        journal.confirm_until = system_time() + journal.confirm_seconds;
    const auto written = files_.write_journal(journal);
    set_journal(std::move(journal));
    return written ? "" : written.error();
}

void ConfigKeeper::audit(AuditStage stage, const char* what, const ConfigJournal& journal,
                         const std::string& outcome) const {
    const AuditRecord record{journal.who, what, journal.comment, outcome};
    const auto written = audit_.write(stage, record, {{"sha256", journal.before}}, {{"sha256", journal.after}});
    if (!written) log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", what}});
    if (stage != AuditStage::begun) log_event(LogPriority::notice, what, {{"who", journal.who}, {"outcome", outcome}});
}

void ConfigKeeper::look() {
    look_at_file();
    const auto journal = change();
    if (!journal || wants_restart_) return;
    switch (journal->stage) {
        case ConfigStage::applying:
            return resume();
        case ConfigStage::undoing:
            go_back("it was being undone when sluis-control ended");
            return;
        case ConfigStage::restarting:
            if (!serving_) return;
            audit(AuditStage::done, journal->what.c_str(), *journal, "sluis-control has started again with it");
            if (journal->confirm_seconds != 0) {
                enter(ConfigStage::confirming);
                return;
            }
            files_.remove_journal();
            return set_journal(std::nullopt);
        case ConfigStage::confirming:
            if (steady_clock::now() >= confirm_end_) go_back("nobody has confirmed it in time");
            return;
    }
}

/// A change in whose middle sluis-control ended: it goes on where the file is replaced, and has not begun otherwise.
void ConfigKeeper::resume() {
    const ConfigJournal journal = *change();
    const auto text = files_.read();
    if (text && config_digest(*text) == journal.after) {
        finish(*text);
        return;
    }
    files_.remove_journal();
    set_journal(std::nullopt);
    audit(AuditStage::failed, journal.what.c_str(), journal, "sluis-control ended before the file was replaced");
}

Outcome ConfigKeeper::put(const std::string& text, const ConfigWish& wish) { return replace(text, wish, "config.put"); }

Outcome ConfigKeeper::replace(const std::string& text, const ConfigWish& wish, const char* what) {
    if (change()) return fail("change_pending", "another change waits for its confirmation; confirm it, or undo it");
    const auto former = files_.read();
    if (!former) return fail("config_unreadable", former.error());
    ConfigJournal journal;
    journal.before = config_digest(*former);
    journal.after = config_digest(text);
    if (wish.if_match != "*" && wish.if_match != config_etag(journal.before))
        return fail("changed_meanwhile", "the configuration is not that of If-Match any more; look again");
    // Once more: the machine, or what runs on it, may have changed since the request came.
    const auto planned = plan(text);
    if (!planned) return fail("config_refused", planned.error().detail);
    journal.dataplane_ran = planned->dataplane_checked();
    journal.what = what;
    journal.who = wish.who;
    journal.comment = wish.comment;
    journal.since = system_time();
    journal.confirm_seconds = wish.confirm_seconds;
    if (const auto written = audit_.write(AuditStage::begun, {wish.who, what, wish.comment, ""},
                                          {{"sha256", journal.before}}, {{"sha256", journal.after}});
        !written)
        return fail("audit_unwritable", written.error());
    if (journal.before == journal.after) {
        const auto same = take_up(text, journal.dataplane_ran);
        audit(same ? AuditStage::done : AuditStage::failed, what, journal, same ? *same : same.error());
        return same ? Outcome(*same) : fail("not_taken_up", same.error());
    }
    set_journal(journal);
    if (const auto written = write_files(*former, text); !written) {
        files_.remove_journal();
        set_journal(std::nullopt);
        audit(AuditStage::failed, what, journal, written.error());
        return fail("config_not_written", written.error());
    }
    return finish(text);
}

/// In this order: from the journal on, whoever starts knows what to put back.
tl::expected<void, std::string> ConfigKeeper::write_files(const std::string& former, const std::string& text) {
    return files_.write_previous(former).and_then([&] { return files_.write_journal(*change()); }).and_then([&] {
        return files_.write(text);
    });
}

/// From the replaced file on.
Outcome ConfigKeeper::finish(const std::string& text) {
    look_at_file();
    const ConfigJournal journal = *change();
    const auto taken = take_up(text, journal.dataplane_ran);
    if (!taken) return go_back(taken.error());
    std::string outcome = *taken;
    if (journal.confirm_seconds != 0)
        outcome += fmt::format("; it is undone in {} s unless it is confirmed", journal.confirm_seconds);
    if (concerns_control(text)) {
        if (const std::string trouble = enter(ConfigStage::restarting); !trouble.empty()) return go_back(trouble);
        wants_restart_ = true;
        return outcome + "; sluis-control starts again now";
    }
    audit(AuditStage::done, journal.what.c_str(), journal, outcome);
    if (journal.confirm_seconds == 0) {
        files_.remove_journal();
        set_journal(std::nullopt);
        return outcome;
    }
    if (const std::string trouble = enter(ConfigStage::confirming); !trouble.empty()) return go_back(trouble);
    return outcome;
}

/// Puts the former text back, and has it taken up. Returns what the change came to: that it failed.
Outcome ConfigKeeper::go_back(const std::string& why) {
    enter(ConfigStage::undoing);
    const ConfigJournal journal = *change();
    std::string outcome = why;
    files_.restore(journal);
    look_at_file();
    const auto text = files_.read();
    if (!text || config_digest(*text) == journal.before) {
        const Uptake taken = text ? take_up(*text, journal.dataplane_ran) : tl::unexpected(text.error());
        outcome += "; the former text is back" + (taken ? ": " + *taken : ", but: " + taken.error());
        wants_restart_ = wants_restart_ || (text && concerns_control(*text));
    } else {
        outcome += "; but the file was changed by somebody else, and is left as it is";
    }
    files_.remove_journal();
    set_journal(std::nullopt);
    audit(AuditStage::failed, journal.what.c_str(), journal, outcome);
    return fail("config_undone", outcome);
}

Outcome ConfigKeeper::confirm(const ConfigWish& wish) {
    const auto journal = change();
    if (!journal || journal->stage != ConfigStage::confirming)
        return fail("not_pending", "no change of the configuration waits for a confirmation");
    files_.remove_journal();
    set_journal(std::nullopt);
    ConfigJournal record = *journal;
    record.who = wish.who;
    record.comment = wish.comment;
    audit(AuditStage::done, "config.confirm", record, "the change is confirmed");
    return std::string("the change is confirmed");
}

Outcome ConfigKeeper::undo(const ConfigWish& wish) {
    if (const auto journal = change()) {
        ConfigJournal record = *journal;
        std::swap(record.before, record.after);
        record.who = wish.who;
        record.comment = wish.comment;
        audit(AuditStage::begun, "config.undo", record, "");
        const Outcome gone = go_back("it was undone by " + wish.who);
        audit(AuditStage::done, "config.undo", record, gone.error().message());
        return gone.error().message();
    }
    const auto previous = files_.read_previous();
    if (!previous) return fail("no_previous", "there is no former text of the configuration");
    ConfigWish any = wish;
    any.if_match = "*";
    return replace(*previous, any, "config.undo");
}

bool ConfigKeeper::concerns_control(const std::string& text) const {
    const auto next = parse_control_config(text, files_.path());
    return next && changes_control(running_, *next);
}

/// A dataplane that ran, and does not answer, is about to start again.
ConfigKeeper::Uptake ConfigKeeper::take_up(const std::string& text, bool dataplane_ran) const {
    const auto next = parse_control_config(text, files_.path());
    if (!next) return tl::unexpected(next.error());
    const std::string& directory = next->dataplane.runtime_directory;
    auto link = connect_to_either(directory, running_.dataplane.runtime_directory);
    if (!link && dataplane_ran) return wait_for_start(directory, 0, config_digest(text));
    if (!link) return "sluis-dataplane does not run, and starts with it";
    auto taken = link->configure(std::as_bytes(std::span(text)));
    for (int tries = 0; !taken && taken.error().code == command::BUSY && tries < kBusyTries; ++tries) {
        std::this_thread::sleep_for(kAskAgain);
        taken = link->configure(std::as_bytes(std::span(text)));
    }
    if (taken) return "sluis-dataplane has taken it up, and no frame was lost";
    if (taken.error().code == command::UNKNOWN) return wait_for_start(directory, 0, config_digest(text));
    if (taken.error().code != command::RESTART) return tl::unexpected(taken.error().message);
    const auto state = link->state();
    if (!state) return tl::unexpected(state.error().message);
    if (!state->supervised()) return "sluis-dataplane takes it up once it is ended and started by hand";
    if (const auto ended = link->end(); !ended) return tl::unexpected(ended.error().message);
    return wait_for_start(directory, state->pid(), config_digest(text));
}

ConfigKeeper::Uptake ConfigKeeper::wait_for_start(const std::string& directory, std::uint32_t pid,
                                                  const std::string& digest) const {
    const auto end = steady_clock::now() + std::chrono::seconds(running_.restart_limit);
    while (steady_clock::now() < end) {
        std::this_thread::sleep_for(kAskAgain);
        auto link = DataplaneLink::connect(directory, kAskTime);
        const auto state = link ? link->state() : tl::unexpected(link.error());
        if (state && state->pid() != pid && state->config_digest() == digest)
            return "sluis-dataplane has started again with it";
    }
    return tl::unexpected(fmt::format("sluis-dataplane has not come up with it within {} s", running_.restart_limit));
}

}  // namespace sluis
