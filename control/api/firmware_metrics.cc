#include "control/api/firmware_metrics.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace sluis {
namespace {

constexpr MetricType kGauge = MetricType::gauge;

void add(std::vector<api::Alarm>& alarms, const char* name, std::string message) {
    api::Alarm& made = alarms.emplace_back();
    made.set_name(name);
    made.set_message(std::move(message));
}

}  // namespace

std::vector<api::Alarm> firmware_alarms(const api::Firmware& firmware) {
    std::vector<api::Alarm> alarms;
    if (firmware.installing()) return alarms;
    for (const api::FirmwareSlot& slot : firmware.slots()) {
        if (slot.boot_status() == "good") continue;
        if (slot.boot_name() == firmware.boot_slot())
            add(alarms, "firmware_on_trial",
                "slot " + slot.boot_name() + " runs on trial: it is confirmed once the box does its work");
        else if (!slot.version().empty())
            add(alarms, "firmware_slot_bad",
                "slot " + slot.boot_name() + " with " + slot.version() +
                    " is not good: it was tried in vain, or its installation was cut off; install it anew");
    }
    return alarms;
}

void write_firmware_metrics(MetricsText& text, const api::Firmware& firmware) {
    text.family("sluis_firmware_slot_good", kGauge,
                "Whether the boot loader may start a slot; no slot is known: no sample.");
    for (const api::FirmwareSlot& slot : firmware.slots())
        if (!slot.boot_name().empty()) text.sample({{"slot", slot.boot_name()}}, slot.boot_status() == "good");
    text.single("sluis_firmware_installing", kGauge, "Whether a slot is being written.", firmware.installing());
    std::map<std::string, std::uint64_t> alarms;
    for (const api::Alarm& alarm : firmware_alarms(firmware)) ++alarms[alarm.name()];
    text.family("sluis_firmware_alarms", kGauge, "Alarms about the firmware, by their name; none: no sample.");
    for (const auto& [name, count] : alarms) text.sample({{"alarm", name}}, count);
}

}  // namespace sluis
