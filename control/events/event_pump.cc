#include "control/events/event_pump.h"

#include <algorithm>
#include <utility>

#include "control/api/log.h"
#include "control/events/box_lines.h"
#include "control/events/finding_line.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/events_file.h"

namespace sluis {
namespace {

constexpr std::chrono::milliseconds kOpenEvery{100};
constexpr std::chrono::seconds kTellSuppressedEvery{10};
constexpr std::int64_t kNanoseconds = 1'000'000'000;

}  // namespace

EventPump::EventPump(Setting setting, EventHub& hub, Presence& presence, WouldBlock& would_block)
    : setting_(std::move(setting)),
      hub_(hub),
      presence_(presence),
      would_block_(would_block),
      suppressed_told_(Steady::now()) {}

EventPump::~EventPump() = default;

void EventPump::set_time_zone(const TimeZone& zone) {
    const std::lock_guard lock(mutex_);
    zone_ = zone;
}

EventPump::State EventPump::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

/// "2026-03-27"
std::string EventPump::local_date(std::int64_t nanoseconds) const {
    std::optional<TimeZone> zone;
    {
        const std::lock_guard lock(mutex_);
        zone = zone_;
    }
    const std::int64_t ahead = zone ? zone->offset_at(nanoseconds / kNanoseconds) : 0;
    return event_timestamp(nanoseconds + ahead * kNanoseconds).substr(0, 10);
}

/// A day ends, and with it its key; and the time in which clients are shown in the clear.
void EventPump::look_at_clock() {
    const std::string date = local_date(setting_.clock());
    if (date != today_) {
        if (!today_.empty()) key_.renew();
        today_ = date;
        presence_.enter_day(date);
    }
    const std::lock_guard lock(mutex_);
    const EventsConfig& events = setting_.events;
    // Once over, it stays over, however the clock is set.
    state_.clear_has_ended |= events.clients_in_clear && date >= events.clients_until;
    clear_ = events.clients_in_clear && clear_is_recorded_ && !state_.clear_has_ended;
    state_.clients_in_clear = clear_;
}

void EventPump::open_rings() {
    if (Steady::now() - opened_ < kOpenEvery) return;
    opened_ = Steady::now();
    auto opened = EventReader::open(setting_.runtime_directory);
    const std::lock_guard lock(mutex_);
    state_.problem = opened ? "" : opened.error();
    if (!opened) return;
    reader_ = std::make_unique<EventReader>(std::move(*opened));
    state_.workers.clear();
    for (std::size_t i = 0; i < reader_->workers(); ++i) state_.workers.push_back({reader_->pair_of_worker(i), 0});
    log_event(LogPriority::info, "events_opened", {{"workers", std::to_string(reader_->workers())}});
}

/// A round over all workers; false when there was nothing.
bool EventPump::take_all() {
    bool took = false;
    for (std::size_t worker = 0; worker < reader_->workers(); ++worker)
        for (std::size_t i = 0; i < kRecordsAtOnce; ++i) {
            const auto event = reader_->take(worker);
            if (!event) break;
            took = true;
            take(*event, worker);
        }
    return took;
}

void EventPump::take(const Event& event, std::size_t worker) {
    const bool monitored = event.verdict == EventVerdict::monitored;
    const std::string_view zone = text_of(event.zone), category = text_of(event.category);
    const bool known = event.protocol < kProtocolNames.size();
    if (known && !category.empty() && (monitored || event.verdict == EventVerdict::blocked)) {
        // What was left in the rings of another day is no device of today's.
        const Bytes device = setting_.events.presence_by_address ? client_address(event) : client_mac(event);
        if (local_date(static_cast<std::int64_t>(event.time)) == today_)
            presence_.add(zone, category, key_.digest("device", device));
        if (monitored)
            would_block_.add(zone, category, text_of(event.rule), static_cast<Protocol>(event.protocol), today_);
    }
    const FindingContext context{key_, clear_, setting_.host, reader_->pair_of_worker(worker), worker};
    if (auto line = describe_finding(event, context)) hub_.publish(std::move(*line));
}

void EventPump::note_lost() {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < state_.workers.size(); ++i) state_.workers[i].lost = reader_->lost(i);
}

void EventPump::tell_counts() {
    if (setting_.events.stats_seconds == 0) return;
    if (Steady::now() - counted_ < std::chrono::seconds(setting_.events.stats_seconds)) return;
    counted_ = Steady::now();
    const auto counters = CountersView::open(setting_.runtime_directory);
    if (!counters) return;
    std::uint64_t lost = 0;
    for (const Worker& worker : state().workers) lost += worker.lost;
    hub_.publish(describe_counts({setting_.clock(), setting_.host}, *counters, lost));
}

void EventPump::tell_suppressed() {
    const auto since = Steady::now() - suppressed_told_;
    if (since < kTellSuppressedEvery) return;
    suppressed_told_ = Steady::now();
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    for (const auto& [kind, count] : hub_.take_suppressed())
        hub_.publish(describe_suppressed({setting_.clock(), setting_.host}, kind, count, seconds));
}

void EventPump::step() {
    look_at_clock();
    if (reader_ == nullptr) open_rings();
    if (reader_ != nullptr) {
        const bool outdated = reader_->is_outdated();
        const bool took = take_all();
        note_lost();
        if (outdated && !took) reader_.reset();
    }
    tell_counts();
    tell_suppressed();
}

}  // namespace sluis
