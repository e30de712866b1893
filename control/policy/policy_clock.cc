#include "control/policy/policy_clock.h"

#include <sys/timex.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <utility>

#include "control/policy/policy_source.h"
#include "control/policy/time_zone.h"
#include "dataplane/interface/atomic_file.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

constexpr std::string_view kHead = "sluis policy clock 1\n";
constexpr std::size_t kFileLimit = 64;                 ///< bytes
constexpr std::int64_t kLatestTime = 253'402'300'799;  ///< the end of the year 9999

/// The head, the time in seconds, a newline, and nothing else.
std::optional<std::int64_t> parse(std::string_view text) {
    if (!text.starts_with(kHead) || !text.ends_with('\n')) return std::nullopt;
    text.remove_prefix(kHead.size());
    if (text.empty()) return std::nullopt;
    text.remove_suffix(1);
    std::int64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && time >= 0 && time <= kLatestTime ? std::optional(time) : std::nullopt;
}

std::string in_words(std::int64_t time) {
    const auto utc = TimeZone::find("UTC");
    return utc ? utc->show(time) : "@" + std::to_string(time);
}

}  // namespace

ClockReading read_system_clock() noexcept {
    timex state{};
    const int status = ::adjtimex(&state);
    const bool synchronised = status >= 0 && status != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
    return {std::time(nullptr), synchronised};
}

PolicyClock::PolicyClock(std::string path, std::int64_t floor) : path_(std::move(path)), time_(floor) { load(); }

void PolicyClock::load() {
    std::error_code problem;
    if (!std::filesystem::exists(path_, problem) && !problem) return;
    const auto text = read_policy_file(path_, kFileLimit);
    if (text) saved_ = parse(*text);
    if (saved_) {
        time_ = std::max(time_, *saved_);
    } else {
        load_problem_ = text ? path_ + ": holds no time; it is written anew" : text.error();
    }
}

tl::expected<void, std::string> PolicyClock::save() {
    const auto written = write_file_atomically(path_, as_bytes(std::string(kHead) + std::to_string(time_) + "\n"));
    if (written) saved_ = time_;
    return written;
}

PolicyClock::Advice PolicyClock::advance(const ClockReading& clock, std::optional<std::int64_t> next_change) {
    Advice advice;
    const bool behind = clock.now < time_;
    if (!clock.synchronised) {
        advice.alarm = "the clock is not synchronised; the policy stays at " + in_words(time_) +
                       " until it is: let the box reach its time servers";
    } else if (behind) {
        advice.alarm = "the clock shows " + in_words(clock.now) + ", and the policy has seen " + in_words(time_) +
                       "; it stays there: set the clock, or, if that time was wrong, remove " + path_ +
                       " and restart control";
    }
    advice.held = behind || !clock.synchronised;
    const bool crossed = !advice.held && next_change && *next_change <= clock.now;
    if (!advice.held) time_ = std::min(clock.now, kLatestTime);
    advice.time = time_;
    if (!saved_ || crossed || time_ - *saved_ >= kSaveEvery) {
        if (const auto saved = save(); !saved && advice.alarm.empty()) advice.alarm = saved.error();
    }
    if (advice.alarm.empty()) advice.alarm = std::exchange(load_problem_, "");
    return advice;
}

}  // namespace sluis
