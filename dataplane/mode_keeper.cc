#include "dataplane/mode_keeper.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "dataplane/interface/atomic_file.h"
#include "dataplane/interface/command.pb.h"

namespace sluis {
namespace {

command::KeptMode kept_mode(const std::string& pair, const ModeState& state, std::uint32_t seconds) {
    command::KeptMode kept;
    kept.set_pair(pair);
    kept.set_mode(std::string(name(state.mode)));
    kept.set_author(state.author);
    kept.set_reason(state.reason);
    kept.set_since(state.since);
    kept.set_until(state.until);
    kept.set_seconds(seconds);
    return kept;
}

}  // namespace

ModeKeeper::Moment ModeKeeper::now() { return {std::chrono::steady_clock::now(), std::time(nullptr)}; }

ModeKeeper::ModeKeeper(const std::vector<Pair>& pairs, std::string path, Moment now) : path_(std::move(path)) {
    for (const Pair& pair : pairs) {
        Kept& kept = pairs_.emplace_back();
        kept.name = pair.name;
        kept.configured = pair.mode;
        kept.state = {pair.mode, ModeCause::configuration, "", "", now.wall, 0};
    }
    load(now);
}

std::optional<std::size_t> ModeKeeper::find(std::string_view name) const {
    const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const Kept& pair) { return pair.name == name; });
    if (found == pairs_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - pairs_.begin());
}

const ModeState* ModeKeeper::by_hand(const Kept& pair) const {
    if (pair.timed) return &pair.timed->state;
    return pair.standing ? &pair.standing->state : nullptr;
}

void ModeKeeper::take(Kept& pair, ModeState state) {
    if (state.mode != pair.state.mode) ++pair.transitions[static_cast<std::size_t>(state.cause)];
    pair.state = std::move(state);
}

/// The time of a change is over: what was below it holds again.
void ModeKeeper::expire(Kept& pair, Moment now) {
    ModeState next{pair.configured,
                   ModeCause::expiry,
                   "",
                   "the time of a change is over: " + pair.timed->state.reason,
                   now.wall,
                   0};
    pair.timed.reset();
    if (pair.standing) {
        next.mode = pair.standing->state.mode;
        next.author = pair.standing->state.author;
        next.reason += "; as before: " + pair.standing->state.reason;
    }
    take(pair, std::move(next));
}

void ModeKeeper::set(std::size_t place, const Change& change, Moment now) {
    Kept& pair = pairs_[place];
    const std::int64_t until = change.seconds == 0 ? 0 : now.wall + change.seconds;
    const ModeState state{change.mode, ModeCause::command, change.author, change.reason, now.wall, until};
    std::optional<Held> held;
    if (change.seconds != 0 || change.mode != pair.configured)
        held = Held{state, now.steady + std::chrono::seconds(change.seconds), change.seconds};
    if (change.seconds == 0) pair.timed.reset();
    (change.seconds != 0 ? pair.timed : pair.standing).swap(held);
    take(pair, state);
    save();
}

void ModeKeeper::configure(std::size_t place, PairMode mode, Moment now) {
    Kept& pair = pairs_[place];
    if (mode == pair.configured) return;
    pair.configured = mode;
    if (by_hand(pair) == nullptr) take(pair, {mode, ModeCause::configuration, "", "", now.wall, 0});
}

void ModeKeeper::look(Moment now) {
    bool changed = unsaved_;
    for (Kept& pair : pairs_) {
        if (!pair.timed || now.steady < pair.timed->end) continue;
        changed = true;
        expire(pair, now);
    }
    if (changed) save();
}

void ModeKeeper::load(Moment now) {
    if (path_.empty()) return;
    std::ifstream file(path_, std::ios::binary);
    if (!file) return;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    command::KeptModes kept;
    if (!kept.ParseFromString(bytes)) {
        trouble_ = path_ + " cannot be read: modes that were set by hand are lost; set them again";
        return;
    }
    for (const command::KeptMode& each : kept.modes()) {
        const auto place = find(each.pair());
        const auto mode = find_pair_mode(each.mode());
        if (!place || !mode) continue;
        // A clock that was set meanwhile shortens or lengthens nothing beyond what was asked for.
        const std::int64_t rest = std::clamp<std::int64_t>(each.until() - now.wall, 0, each.seconds());
        Held held{{*mode, ModeCause::command, each.author(), each.reason(), each.since(), each.until()},
                  now.steady + std::chrono::seconds(rest),
                  each.seconds()};
        (each.seconds() == 0 ? pairs_[*place].standing : pairs_[*place].timed) = std::move(held);
    }
    for (Kept& pair : pairs_)
        if (const ModeState* held = by_hand(pair)) pair.state = *held;
    look(now);
}

/// A mode is set whether it can be kept or not: who needs a wire needs it now. What is not kept is said, and written
/// once it can be.
void ModeKeeper::save() {
    if (path_.empty()) return;
    command::KeptModes kept;
    for (const Kept& pair : pairs_) {
        if (pair.standing) *kept.add_modes() = kept_mode(pair.name, pair.standing->state, 0);
        if (pair.timed) *kept.add_modes() = kept_mode(pair.name, pair.timed->state, pair.timed->seconds);
    }
    const std::string bytes = kept.SerializeAsString();
    const auto written = write_file_atomically(path_, std::as_bytes(std::span(bytes)));
    unsaved_ = !written;
    trouble_ = written ? "" : written.error() + "; modes set by hand end with this process";
}

}  // namespace sluis
