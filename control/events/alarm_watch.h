// Which alarms are new, and which are over: what the status says now against what it said before.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluis {

/// Name and message.
using NamedAlarm = std::pair<std::string, std::string>;

class AlarmWatch {
public:
    /// More are not told apart from those that are known.
    static constexpr std::size_t kAlarmLimit = 256;

    using Tell = std::function<void(const NamedAlarm& alarm, bool raised)>;
    /// Tells what has changed since the last call, first what is over. An alarm whose message changes is over, and
    /// another one is raised.
    void see(const std::vector<NamedAlarm>& alarms, const Tell& tell);

private:
    std::set<NamedAlarm> known_;
};

}  // namespace sluis
