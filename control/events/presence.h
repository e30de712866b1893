// How many devices showed the app, by day, zone and category; never which.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "control/events/hyper_log_log.h"

namespace sluis {

struct PresenceNumber {
    std::string zone;
    std::string category;
    /// At least so many devices. After a restart of sluis-control in the middle of the day nobody can tell which of
    /// those seen before are seen again: this is then the larger one of the parts' numbers,
    std::uint64_t devices = 0;
    std::uint64_t at_most = 0;  ///< and this is their sum
};

struct PresenceDay {
    std::string date;  ///< "2026-03-27", local
    std::vector<PresenceNumber> numbers;
};

/// May be called by any thread.
class Presence {
public:
    /// Beyond it, pairs of zone and category are counted as zone "other", category "other". 4 KiB each.
    static constexpr std::size_t kSketchLimit = 1024;

    /// `days_kept`: days whose numbers are kept, today included; at least 1.
    explicit Presence(std::size_t days_kept) : days_kept_(days_kept) {}

    /// Ends the day that was, when `date` is another one: its sketches are forgotten, its numbers stay.
    void enter_day(const std::string& date);
    /// Counts a device in. `device`: a keyed hash, under a key that ends with the day. REQUIRES: a day was entered.
    void add(std::string_view zone, std::string_view category, std::uint64_t device);

    /// The oldest first; today's numbers are those of now. Of a day on which nothing was seen there is nothing.
    std::vector<PresenceDay> days() const;
    std::vector<PresenceNumber> today() const;

    /// The numbers, to be read again by `load` after a restart. No sketch is among them.
    nlohmann::ordered_json save() const;
    /// False when it is not what `save` writes: nothing is taken of it then. REQUIRES: no day was entered yet.
    bool load(const nlohmann::ordered_json& saved);

private:
    using Key = std::pair<std::string, std::string>;  ///< zone, category
    struct Count {
        HyperLogLog sketch;
        std::uint64_t largest_before = 0, sum_before = 0;  ///< of earlier parts of the day
    };
    Count& count_of(std::string_view zone, std::string_view category);
    std::vector<PresenceNumber> today_locked() const;

    std::size_t days_kept_;
    mutable std::mutex mutex_;
    std::string date_;
    std::map<Key, std::unique_ptr<Count>> counts_;
    std::vector<PresenceDay> past_;  ///< the oldest first
};

}  // namespace sluis
