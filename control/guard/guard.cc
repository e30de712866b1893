#include "control/guard/guard.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <ctime>
#include <utility>

#include "control/guard/kept_modes.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;

/// Between two looks at files, and at what somebody may have changed by hand.
constexpr auto kLookAtFilesEvery = 1s;
/// For the end of a process that was killed: the kernel frees its memory first.
constexpr auto kEnd = 300ms;

Liveness::Duration hang_after(const Config& config) {
    return std::chrono::duration_cast<Liveness::Duration>(std::chrono::nanoseconds(config.guard.hang_after));
}

/// Differs when the file does.
std::string mark_of(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return "";
    return std::to_string(file.st_ino) + " " + std::to_string(file.st_size) + " " +
           std::to_string(file.st_mtim.tv_sec) + "." + std::to_string(file.st_mtim.tv_nsec);
}

}  // namespace

tl::expected<Guard, std::string> Guard::make(Config config, std::string board_method) {
    auto watch = DataplaneWatch::open(config.runtime_directory);
    if (!watch) return tl::unexpected(watch.error());
    return Guard(std::move(config), std::move(*watch), std::move(board_method));
}

Guard::Guard(Config config, DataplaneWatch watch, std::string board_method)
    : config_(std::move(config)),
      board_method_(std::move(board_method)),
      watch_(std::move(watch)),
      liveness_(hang_after(config_)),
      config_mark_(mark_of(config_.path)) {
    state_.pid = ::getpid();
    state_.started = std::time(nullptr);
    if (auto before = read_guard_state(config_.runtime_directory)) state_.pairs = std::move(before->pairs);
    make_pairs();
}

void Guard::make_pairs() {
    pairs_.clear();
    for (const PairConfig& pair : config_.pairs) {
        PairGuard& made = pairs_.emplace_back(pair.name, make_bypass(pair, config_.guard, board_method_));
        for (const GuardedPair& before : state_.pairs)
            if (before.pair == pair.name) made.count_on_from(before);
    }
}

void Guard::look(Time now) {
    if (now >= next_files_) {
        next_files_ = now + kLookAtFilesEvery;
        look_at_files();
        due_ = true;
    }
    const DataplaneState state = liveness_.see(watch_.look(), now);
    const bool settled = is_settled(state, now);
    if (state != seen_ || due_) {
        due_ = false;
        switch (state) {
            case DataplaneState::absent:
                stand_in(false);
                break;
            case DataplaneState::hung:
                end_hung_process();
                stand_in(true);
                break;
            case DataplaneState::starting:
            case DataplaneState::forwarding:
                cause_ = PassageCause::ended;
                stand_back(settled);
        }
    }
    seen_ = state;
}

bool Guard::is_settled(DataplaneState state, Time now) {
    if (state != DataplaneState::forwarding)
        well_since_.reset();
    else if (!well_since_)
        well_since_ = now;
    return well_since_ && now - *well_since_ >= std::chrono::nanoseconds(config_.guard.settled_after);
}

void Guard::leave() {
    for (PairGuard& pair : pairs_) pair.bypass().leave();
}

/// A process that stands still may go on at any time: then frames would cross twice, and its queues are full of old
/// ones. So it is ended before anything else lets them cross.
void Guard::end_hung_process() {
    cause_ = PassageCause::hung;
    const bool ended = watch_.end_process(kEnd);
    log(LogLevel::error,
        {{"event", "dataplane_hung"}, {"effect", "its process is ended"}, {"ended", ended ? "yes" : "not yet"}});
}

void Guard::stand_in(bool without_lock) {
    const bool has_way = watch_.way().try_take();
    // A dataplane has just taken it, or what was killed holds it to its end.
    if (!has_way && !without_lock) {
        due_ = true;
        return;
    }
    const std::int64_t now = std::time(nullptr);
    bool changed = false;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        if (pairs_[i].stand_in(policy(i, now), cause_, now)) {
            changed = true;
            tell(pairs_[i].said());
        }
    if (has_way) watch_.way().release();
    if (changed) write_state();
}

void Guard::stand_back(bool settled) {
    const std::int64_t now = std::time(nullptr);
    bool changed = false;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        if (pairs_[i].stand_back(policy(i, now), settled, now)) {
            changed = true;
            tell(pairs_[i].said());
        }
    if (changed) write_state();
}

/// Nobody opens what somebody closed.
FailPolicy Guard::policy(std::size_t place, std::int64_t now) const {
    const PairConfig& pair = config_.pairs[place];
    if (pair.mode == PairMode::closed || is_closed_by_hand(config_.modes, pair.name, now)) return FailPolicy::closed;
    return pair.on_failure.dataplane;
}

/// The configuration may be another one. One that cannot be read changes nothing.
void Guard::look_at_files() {
    watch_.refresh();
    const std::string mark = mark_of(config_.path);
    if (mark == config_mark_) return;
    config_mark_ = mark;
    auto config = load_config(config_.path, true);
    if (!config || config->runtime_directory != config_.runtime_directory) {
        log(LogLevel::warn, {{"event", "config_not_taken_up"},
                             {"problem", config ? "another runtime directory needs a start" : config.error()}});
        return;
    }
    const auto of_before = std::exchange(config_, std::move(*config));
    liveness_.set_hang_after(hang_after(config_));
    state_.pairs.clear();
    for (PairGuard& pair : pairs_) state_.pairs.push_back(pair.said());
    for (std::size_t i = 0; i < of_before.pairs.size(); ++i) {
        const PairConfig& was = of_before.pairs[i];
        bool stays = false;
        for (const PairConfig& is : config_.pairs)
            stays = stays || (is.name == was.name && is.inside == was.inside && is.outside == was.outside &&
                              is.relay == was.relay);
        if (stays) continue;
        pairs_[i].bypass().put_away();
        pairs_[i].bypass().leave();
    }
    make_pairs();
    log(LogLevel::info, {{"event", "config_taken_up"}, {"config", config_.path}});
}

void Guard::tell(const GuardedPair& said) {
    const bool is_well = said.passage == Passage::dataplane && said.trouble.empty();
    log(is_well ? LogLevel::info : LogLevel::warn, {{"event", "passage"},
                                                    {"pair", said.pair},
                                                    {"passage", std::string(name(said.passage))},
                                                    {"cause", std::string(name(said.cause))},
                                                    {"policy", said.policy},
                                                    {"method", said.method},
                                                    {"trouble", one_line(said.trouble)}});
}

void Guard::write_state() {
    state_.pairs.clear();
    for (const PairGuard& pair : pairs_) state_.pairs.push_back(pair.said());
    const auto written = write_guard_state(config_.runtime_directory, state_);
    const std::string trouble = written ? "" : written.error();
    if (trouble != said_trouble_ && !written)
        log(LogLevel::warn, {{"event", "state_not_written"}, {"problem", trouble}});
    said_trouble_ = trouble;
}

std::vector<Guard::Outlook> Guard::describe() {
    std::vector<Outlook> pairs;
    const std::int64_t now = std::time(nullptr);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        std::string text = "pair " + config_.pairs[i].name;
        const bool is_closed = policy(i, now) == FailPolicy::closed;
        // Only relays may let frames cross where nobody opens anything.
        const auto works =
            is_closed && config_.pairs[i].relay.empty() ? Bypass::Status{} : pairs_[i].bypass().try_out();
        if (!works)
            text += std::string(" cannot be kept ") + (is_closed ? "closed: " : "open: ") + works.error();
        else if (is_closed)
            text += " is closed without a dataplane";
        else
            text += " is bridged without a dataplane, by " + std::string(pairs_[i].bypass().method());
        pairs.push_back({text, works.has_value()});
    }
    return pairs;
}

std::string Guard::summary() const {
    std::string line;
    for (const PairGuard& pair : pairs_)
        line += (line.empty() ? "" : ", ") + pair.said().pair + ": " + std::string(name(pair.said().passage));
    return line;
}

}  // namespace sluis
