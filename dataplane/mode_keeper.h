// Which mode each port pair is to be run in, why, since when, and who says so.
//
// Three say so, each above the one before: the configuration; who sets a mode by hand; who sets one by hand for a time.
// The box itself changes no mode: each fault has an answer of its own, for the flows that it concerns (the README's
// table of failures), and a whole pair that opened for one fault would free whoever brings that about. What was set by
// hand is kept in a file, so that it outlives the process. For the main thread; no worker waits for it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/interface/pair_mode.h"

namespace sluis {

/// What a pair is run as.
struct ModeState {
    PairMode mode = PairMode::in_line;
    ModeCause cause = ModeCause::configuration;
    std::string author;      ///< of a command
    std::string reason;      ///< one line
    std::int64_t since = 0;  ///< seconds since 1970-01-01 UTC
    std::int64_t until = 0;  ///< when a change for a time ends; 0: it has no end
};

class ModeKeeper {
public:
    using Steady = std::chrono::steady_clock::time_point;
    /// One moment on both clocks: times are told by one, and measured by the other.
    struct Moment {
        Steady steady{};
        std::int64_t wall = 0;  ///< seconds since 1970-01-01 UTC
    };
    static Moment now();
    struct Pair {
        std::string name;
        PairMode mode = PairMode::in_line;  ///< by the configuration
    };
    struct Change {
        PairMode mode = PairMode::in_line;
        std::string author;
        std::string reason;
        std::uint32_t seconds = 0;  ///< after which it ends; 0: when somebody ends it
    };
    using Transitions = std::array<std::uint64_t, kModeCauseNames.size()>;

    /// Takes up what `path` keeps of these pairs; an empty path keeps nothing. `trouble()` says what could not be read.
    ModeKeeper(const std::vector<Pair>& pairs, std::string path, Moment now);

    std::size_t size() const { return pairs_.size(); }
    std::optional<std::size_t> find(std::string_view name) const;
    const std::string& name(std::size_t pair) const { return pairs_[pair].name; }
    const ModeState& state(std::size_t pair) const { return pairs_[pair].state; }
    /// Changes since the start, by their cause.
    const Transitions& transitions(std::size_t pair) const { return pairs_[pair].transitions; }
    /// Why the file does not hold what was set by hand, one line; empty: it does.
    const std::string& trouble() const { return trouble_; }

    /// By hand. The mode of the configuration, without an end, ends what was set by hand before.
    void set(std::size_t pair, const Change& change, Moment now);
    /// The configuration says another mode.
    void configure(std::size_t pair, PairMode mode, Moment now);
    /// Ends what has an end, and writes again what could not be written. To be called about once a second.
    void look(Moment now);

private:
    struct Held {
        ModeState state;
        Steady end{};               ///< of a change for a time
        std::uint32_t seconds = 0;  ///< that it was for
    };
    struct Kept {
        std::string name;
        PairMode configured = PairMode::in_line;
        std::optional<Held> standing, timed;
        ModeState state;
        Transitions transitions{};
    };
    const ModeState* by_hand(const Kept& pair) const;
    void take(Kept& pair, ModeState state);
    void expire(Kept& pair, Moment now);
    void load(Moment now);
    void save();

    std::string path_;
    std::vector<Kept> pairs_;
    std::string trouble_;
    bool unsaved_ = false;
};

}  // namespace sluis
