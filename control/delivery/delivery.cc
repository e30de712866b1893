#include "control/delivery/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "control/api/log.h"
#include "control/policy/zone_table_writer.h"
#include "dataplane/interface/atomic_file.h"
#include "dataplane/interface/zone_table.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

constexpr std::size_t kAlarmsOfAKind = 20;

/// The first time that it is met, it is logged; as an alarm it stays until it is over.
void set_trouble(std::string& trouble, const char* event, std::string text) {
    if (!text.empty() && text != trouble) log_event(LogPriority::warning, event, {{"reason", text}});
    trouble = std::move(text);
}

std::string outcome_of(const tl::expected<void, std::string>& outcome) { return outcome ? "" : outcome.error(); }

/// The folder, which is made where it is missing and can be.
const std::string& made_folder(const std::string& path) {
    std::error_code problem;
    std::filesystem::create_directories(path, problem);
    return path;
}

std::string digest_of(const std::vector<std::byte>& table) {
    ZoneTableHeader header;
    std::memcpy(&header, table.data(), sizeof header);
    return hexadecimal(header.digest);
}

tl::expected<std::vector<std::byte>, std::string> make_table(const Policy& policy, const PolicyPhase& phase,
                                                             const RuleSet& rules) {
    return make_zone_table(
        zone_plan(policy, phase, rules.categories(), rules.digest(), static_cast<std::uint64_t>(phase.since)));
}

/// As many as people read.
void add_alarms(std::vector<DeliveryAlarm>& alarms, std::string_view name, const Lines& lines) {
    const std::size_t shown = std::min(lines.size(), kAlarmsOfAKind);
    for (std::size_t i = 0; i < shown; ++i) alarms.push_back({name, lines[i]});
    if (shown < lines.size()) alarms.push_back({name, fmt::format("and {} more", lines.size() - shown)});
}

std::string etag_of(const DeliveryView& view) {
    std::string text = (view.policy == nullptr ? std::string(view.origin()) : view.policy->digest) + view.zones_digest;
    for (const DeliveryAlarm& alarm : view.alarms) text += " " + std::string(alarm.name);
    return "\"" + hexadecimal(sha256(as_bytes(text))).substr(0, 32) + "\"";
}

}  // namespace

std::string_view DeliveryView::origin() const {
    if (starting) return "starting";
    if (policy == nullptr) return "none";
    return policy->is_copy ? "last_good" : "file";
}

Delivery::Delivery(DeliverySettings settings, PolicyTime time)
    : settings_(std::move(settings)),
      time_source_(std::move(time)),
      file_(settings_.policy_file, settings_.state_directory + "/last-good"),
      clock_(made_folder(settings_.state_directory) + "/clock", time_source_.floor) {
    std::error_code problem;
    if (!std::filesystem::is_directory(settings_.state_directory, problem))
        set_trouble(state_trouble_, "policy_state_unwritable",
                    settings_.state_directory + ": is no folder, and cannot be made; name another in [control]");
    for (const std::string& path : {settings_.policy_file, settings_.compiled_path, settings_.zones_path,
                                    settings_.state_directory + "/clock", settings_.state_directory + "/last-good"})
        remove_unfinished(path);
    follow_clock();
}

std::shared_ptr<const DeliveryView> Delivery::view() const {
    const std::lock_guard lock(view_mutex_);
    return view_;
}

void Delivery::look() {
    if (reread_.exchange(false)) file_.forget();
    auto found = file_.look();
    if (!found.is_news) return;
    const std::lock_guard lock(mutex_);
    set_trouble(file_trouble_, "policy_refused", std::move(found.trouble));
    if (found.changed) next_policy_ = std::move(found.policy);
    publish();
}

std::vector<std::string> Delivery::allowed_names() const {
    const std::lock_guard lock(mutex_);
    const PolicyPointer& policy = next_policy_ ? *next_policy_ : policy_;
    return policy == nullptr ? std::vector<std::string>{} : policy->allowed_names(advice_.time);
}

tl::expected<void, std::string> Delivery::adopt(const std::vector<std::byte>& compiled,
                                                std::vector<std::string> names) {
    auto rules = RuleSet::load(compiled);
    if (!rules) return tl::unexpected(rules.error());
    const std::lock_guard lock(mutex_);
    compiled_ = std::make_shared<const std::vector<std::byte>>(compiled);
    rules_ = std::move(*rules);
    compiled_names_ = std::move(names);
    const auto written = write_file_atomically(settings_.compiled_path, *compiled_);
    if (next_policy_ && (*next_policy_ == nullptr || (*next_policy_)->allowed_names(advice_.time) == compiled_names_)) {
        put_in_force(*std::exchange(next_policy_, std::nullopt));
    } else {
        refresh_phase();
    }
    want();
    publish();
    return written;
}

void Delivery::take_up() {
    const std::lock_guard lock(mutex_);
    if (!next_policy_ || rules_ == nullptr) return;
    const PolicyPointer& next = *next_policy_;
    if ((next == nullptr ? std::vector<std::string>{} : next->allowed_names(advice_.time)) != compiled_names_) return;
    put_in_force(*std::exchange(next_policy_, std::nullopt));
    want();
    publish();
}

Lines Delivery::judge(const Policy& policy) const {
    const std::lock_guard lock(mutex_);
    if (rules_ == nullptr) return {};
    if (auto unknown = unknown_categories(policy, rules_->categories()); !unknown.empty()) return unknown;
    const auto table = make_table(policy, phase_at(policy, rules_->categories(), advice_.time), *rules_);
    return table ? Lines{} : Lines{policy.file + ": " + table.error()};
}

void Delivery::put_in_force(PolicyPointer policy) {
    const bool is_new = (policy == nullptr ? "" : policy->digest) != (policy_ == nullptr ? "" : policy_->digest);
    policy_ = std::move(policy);
    decided_ = true;
    refresh_phase();
    // What is kept serves as long as the file is wrong.
    if (policy_ == nullptr ? file_trouble_.empty() : !policy_->is_copy)
        set_trouble(copy_trouble_, "policy_not_kept", outcome_of(file_.keep(policy_.get())));
    if (is_new)
        log_event(LogPriority::notice, "policy",
                  {{"file", policy_ == nullptr ? "" : policy_->policy.file},
                   {"sha256", policy_ == nullptr ? "" : policy_->digest},
                   {"zones", std::to_string(policy_ == nullptr ? 0 : policy_->policy.zones.size())}});
}

/// What the policy says now, and the zone table that says it to the dataplane.
void Delivery::refresh_phase() {
    phase_ = nullptr;
    if (policy_ != nullptr && rules_ != nullptr)
        phase_ = std::make_shared<const PolicyPhase>(phase_at(policy_->policy, rules_->categories(), advice_.time));
    phase_alarms_ = make_phase_alarms();
    make_zones();
}

void Delivery::make_zones() {
    Object made;
    std::string trouble;
    if (phase_ != nullptr) {
        auto table = make_table(policy_->policy, *phase_, *rules_);
        if (table) made = std::make_shared<const std::vector<std::byte>>(std::move(*table));
        if (!table) trouble = policy_->policy.file + ": " + table.error() + "; [policy] holds for everybody";
    }
    set_trouble(table_trouble_, "policy_unusable", std::move(trouble));
    zones_ = std::move(made);
    zones_digest_ = zones_ == nullptr ? "" : digest_of(*zones_);
    write_zones();
}

/// A dataplane that starts alone loads it; without rules nothing is known yet, and what is there stays.
void Delivery::write_zones() {
    if (settings_.zones_path.empty() || rules_ == nullptr) return;
    std::error_code problem;
    if (zones_ != nullptr) {
        set_trouble(zones_trouble_, "zones_not_written",
                    outcome_of(write_file_atomically(settings_.zones_path, *zones_)));
    } else {
        std::filesystem::remove(settings_.zones_path, problem);
        set_trouble(zones_trouble_, "zones_not_written",
                    problem ? settings_.zones_path + ": cannot be removed: " + problem.message() : "");
    }
}

void Delivery::want() {
    if (rules_ == nullptr) return;
    news_ = Wanted{compiled_, std::string(rules_->digest()), zones_, zones_digest_};
    // What was in use a moment ago need not be what is wanted now.
    hand_over_.rules_in_use = hand_over_.reachable && hand_over_.rules_digest == news_->rules_digest;
    hand_over_.zones_in_use = hand_over_.reachable && hand_over_.zones_digest == zones_digest_;
    news_came_.notify_all();
}

void Delivery::follow_clock() {
    const std::lock_guard lock(mutex_);
    const auto next = phase_ == nullptr ? std::nullopt : phase_->next_change;
    const std::string before = std::exchange(advice_, clock_.advance(time_source_.read(), next)).alarm;
    if (!advice_.alarm.empty() && before.empty())
        log_event(LogPriority::warning, "policy_clock", {{"reason", advice_.alarm}});
    if (next && *next <= advice_.time) {
        refresh_phase();
        want();
        log_event(LogPriority::notice, "policy_phase", {{"time", std::to_string(advice_.time)}});
    }
    publish();
}

std::optional<Wanted> Delivery::take_news() {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, std::nullopt);
}

void Delivery::wait_for_news(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    news_came_.wait_for(lock, time, [this] { return stop_ || news_; });
}

void Delivery::note(const HandOverState& hand_over) {
    const std::lock_guard lock(mutex_);
    hand_over_ = hand_over;
    publish();
}

void Delivery::stop() {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    news_came_.notify_all();
}

void Delivery::publish() {
    auto made = std::make_shared<DeliveryView>();
    made->policy = policy_;
    const bool there_is_none = next_policy_ && *next_policy_ == nullptr;
    made->starting = !decided_ && !there_is_none;
    made->rules = rules_;
    made->phase = phase_;
    made->time = advice_.time;
    made->clock_held = advice_.held;
    made->zones_digest = zones_digest_;
    made->hand_over = hand_over_;
    made->alarms = alarms();
    made->etag = etag_of(*made);
    const std::lock_guard lock(view_mutex_);
    view_ = std::move(made);
}

std::vector<DeliveryAlarm> Delivery::alarms() const {
    std::vector<DeliveryAlarm> alarms;
    for (const auto& [name, trouble] : {std::pair("policy_refused", &file_trouble_),
                                        {"policy_unusable", &table_trouble_},
                                        {"policy_not_kept", &copy_trouble_},
                                        {"policy_state_unwritable", &state_trouble_},
                                        {"zones_not_written", &zones_trouble_}})
        if (!trouble->empty()) alarms.push_back({name, *trouble});
    if (policy_ != nullptr && !advice_.alarm.empty()) alarms.push_back({"policy_clock", advice_.alarm});
    alarms.insert(alarms.end(), phase_alarms_.begin(), phase_alarms_.end());
    return alarms;
}

/// What is to be said of the policy in this phase.
std::vector<DeliveryAlarm> Delivery::make_phase_alarms() const {
    std::vector<DeliveryAlarm> alarms;
    if (phase_ == nullptr) return alarms;
    const Policy& policy = policy_->policy;
    Lines overdue, pairs, ended;
    for (const PolicyAlarm& alarm : phase_->alarms) overdue.push_back(alarm.description);
    for (const PolicyZone& zone : policy.zones)
        for (const std::string& pair : zone.pairs)
            if (std::find(settings_.pairs.begin(), settings_.pairs.end(), pair) == settings_.pairs.end())
                pairs.push_back(fmt::format("{}:{}:1: zone '{}' is for the pair '{}', which sluis.toml does not have",
                                            policy.file, zone.line, zone.name, pair));
    for (const AllowedName& each : policy.allowed)
        if (each.until <= phase_->time)
            ended.push_back(
                fmt::format("{}:{}:1: '{}' ({}) was allowed until {}, and no longer is; set another date, "
                            "or take it out",
                            policy.file, each.line, each.name, each.owner, policy.show(each.until)));
    add_alarms(alarms, "policy_category_unknown", unknown_categories(policy, rules_->categories()));
    add_alarms(alarms, "policy_pair_unknown", pairs);
    add_alarms(alarms, "policy_allow_ended", ended);
    add_alarms(alarms, "policy_review_overdue", overdue);
    return alarms;
}

}  // namespace sluis
