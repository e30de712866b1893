#include "control/events/alarm_watch.h"

namespace sluis {

void AlarmWatch::see(const std::vector<NamedAlarm>& alarms, const Tell& tell) {
    std::set<NamedAlarm> now;
    for (const NamedAlarm& each : alarms)
        if (now.size() < kAlarmLimit) now.insert(each);
    for (const NamedAlarm& each : known_)
        if (!now.contains(each)) tell(each, false);
    for (const NamedAlarm& each : now)
        if (!known_.contains(each)) tell(each, true);
    known_ = std::move(now);
}

}  // namespace sluis
