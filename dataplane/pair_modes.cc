#include "dataplane/pair_modes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "dataplane/interface/one_line.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

constexpr std::size_t kAuthorLimit = 127, kReasonLimit = 255;  ///< bytes, as PairModeRecord holds them
constexpr std::uint32_t kLongestChange = 30 * 86400;           ///< seconds

std::vector<ModeKeeper::Pair> configured(const Config& config) {
    std::vector<ModeKeeper::Pair> pairs;
    for (const PairConfig& pair : config.pairs) pairs.push_back({pair.name, pair.mode});
    return pairs;
}

command::Reply refusal(command::Code code, std::string message) {
    command::Reply reply;
    reply.set_code(code);
    reply.set_message(std::move(message));
    return reply;
}

/// The problem with a wish for a mode, empty when there is none.
std::string problem_with(const command::SetMode& wanted) {
    if (wanted.reason().empty()) return "a mode is set for a reason; say which";
    if (wanted.reason().size() > kReasonLimit || wanted.author().size() > kAuthorLimit)
        return "at most " + std::to_string(kReasonLimit) + " bytes of a reason and " + std::to_string(kAuthorLimit) +
               " of an author are kept";
    if (wanted.seconds() > kLongestChange)
        return "a change ends after " + std::to_string(kLongestChange) + " seconds at the most, or not by itself";
    return "";
}

PairModeRecord record_of(const ModeState& state, const ModeKeeper::Transitions& transitions, bool kept) {
    PairModeRecord record{};
    record.mode = static_cast<std::uint64_t>(state.mode);
    record.unkept = !kept;
    record.cause = static_cast<std::uint64_t>(state.cause);
    record.since = state.since;
    record.until = state.until;
    std::copy(transitions.begin(), transitions.end(), record.transitions.begin());
    state.author.copy(record.author, sizeof record.author - 1);
    state.reason.copy(record.reason, sizeof record.reason - 1);
    return record;
}

bool same(const ModeState& a, const ModeState& b) {
    return a.mode == b.mode && a.cause == b.cause && a.since == b.since && a.until == b.until && a.author == b.author &&
           a.reason == b.reason;
}

void say(const std::string& pair, const ModeState& state) {
    log(state.mode == PairMode::in_line ? LogLevel::info : LogLevel::warn, {{"event", "mode"},
                                                                            {"pair", pair},
                                                                            {"mode", std::string(name(state.mode))},
                                                                            {"cause", std::string(name(state.cause))},
                                                                            {"author", state.author},
                                                                            {"reason", state.reason}});
}

}  // namespace

PairModes::PairModes(const Config& config, CountersFile& counters)
    : counters_(counters), keeper_(configured(config), config.modes, ModeKeeper::now()), sets_(inline_sets(config)) {
    for (const SetLayout& set : sets_)
        switches_.push_back(std::make_unique<ModeSwitch>(keeper_.state(set.pairs.front()).mode, set.workers));
    publish();
}

const SetLayout* PairModes::find(const std::string& name) const {
    for (const SetLayout& set : sets_)
        for (const std::size_t pair : set.pairs)
            if (set.name == name || keeper_.name(pair) == name) return &set;
    return nullptr;
}

std::size_t PairModes::set_of(std::size_t pair) const noexcept {
    for (std::size_t i = 0; i < sets_.size(); ++i)
        if (std::find(sets_[i].pairs.begin(), sets_[i].pairs.end(), pair) != sets_[i].pairs.end()) return i;
    return 0;
}

std::optional<command::Reply> PairModes::set(const command::SetMode& wanted) {
    const SetLayout* set = find(wanted.pair());
    if (set == nullptr) return refusal(command::NO_PAIR, "no pair is called \"" + one_line(wanted.pair()) + "\"");
    const auto mode = find_pair_mode(wanted.mode());
    if (!mode) return refusal(command::MALFORMED, "a mode is inline, monitor, wire or closed");
    if (std::string problem = problem_with(wanted); !problem.empty())
        return refusal(command::MALFORMED, std::move(problem));
    for (const std::size_t pair : set->pairs)
        keeper_.set(pair, {*mode, one_line(wanted.author()), one_line(wanted.reason()), wanted.seconds()},
                    ModeKeeper::now());
    publish();
    return std::nullopt;
}

void PairModes::configure(const Config& config) {
    for (const PairConfig& pair : config.pairs)
        if (const auto place = keeper_.find(pair.name)) keeper_.configure(*place, pair.mode, ModeKeeper::now());
    publish();
}

bool PairModes::settled() const noexcept {
    return std::all_of(switches_.begin(), switches_.end(), [](const auto& each) { return each->settled(); });
}

void PairModes::describe(command::State& to) const {
    std::string mode;
    for (std::size_t i = 0; i < keeper_.size(); ++i) {
        const ModeState& now = state(i);
        command::Pair& pair = *to.mutable_pairs(static_cast<int>(i));
        pair.set_mode(std::string(name(now.mode)));
        pair.set_cause(std::string(name(now.cause)));
        pair.set_author(now.author);
        pair.set_reason(now.reason);
        pair.set_since(now.since);
        pair.set_until(now.until);
        pair.set_taken_up(switches_[set_of(i)]->settled());
        mode = mode.empty() || mode == pair.mode() ? pair.mode() : "mixed";
    }
    to.set_mode(mode);
    to.set_mode_trouble(keeper_.trouble());
}

void PairModes::look() {
    keeper_.look(ModeKeeper::now());
    publish();
}

/// To the workers first: what the counters say has been asked for by then.
void PairModes::publish() {
    published_.resize(keeper_.size());
    const bool same_trouble = keeper_.trouble() == said_;
    for (std::size_t i = 0; i < keeper_.size(); ++i) {
        const ModeState& now = state(i);
        const bool same_state = same(published_[i], now);
        if (same_state && same_trouble) continue;
        switches_[set_of(i)]->set(now.mode);
        counters_.set_pair_mode(
            i, record_of(now, keeper_.transitions(sets_[set_of(i)].pairs.front()), keeper_.trouble().empty()));
        const bool ordinary = now.cause == ModeCause::configuration && now.mode == PairMode::in_line;
        if (!ordinary && !same_state) say(keeper_.name(i), now);
        published_[i] = now;
    }
    if (same_trouble) return;
    said_ = keeper_.trouble();
    if (!said_.empty()) log(LogLevel::warn, {{"event", "modes_not_kept"}, {"reason", said_}});
}

}  // namespace sluis
