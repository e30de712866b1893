// The time by which a policy is judged: it never goes backwards, and a clock that nobody set does not move it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace sluis {

struct ClockReading {
    std::int64_t now = 0;       ///< seconds since 1970-01-01 UTC
    bool synchronised = false;  ///< by NTP, PTP or the like
};

/// The system's clock, and whether the kernel holds it for synchronised (adjtimex(2), STA_UNSYNC).
ClockReading read_system_clock() noexcept;

/// Keeps the last time that it gave in a small file, so that the policy's phase, which is a function of the time,
/// outlives a restart: after one without a good clock the last phase goes on.
class PolicyClock {
public:
    /// How long the file may lag behind, seconds; less wears a flash memory out.
    static constexpr std::int64_t kSaveEvery = 600;

    /// `path`: the file, which may be missing; its folder must be there. `floor`: no time before it is given; the
    /// program's build time, for a box that has no file yet.
    PolicyClock(std::string path, std::int64_t floor);

    struct Advice {
        std::int64_t time = 0;  ///< to judge by
        bool held = false;      ///< the clock was not followed
        std::string alarm;      ///< one line, why, and what to do; empty: all is well
    };
    /// Follows a clock that is synchronised and not behind; else stays. Writes the file when the time reaches
    /// `next_change` (PolicyPhase::next_change) or kSaveEvery have passed since it was written.
    Advice advance(const ClockReading& clock, std::optional<std::int64_t> next_change);

private:
    void load();
    tl::expected<void, std::string> save();

    std::string path_;
    std::int64_t time_;
    std::optional<std::int64_t> saved_;  ///< what the file says; none: there is no such file, or a broken one
    std::string load_problem_;
};

}  // namespace sluis
