#include "dataplane/verdict/event_recorder.h"

#include <algorithm>
#include <string_view>

namespace sluis {
namespace {

template <std::size_t Size>
void store(char (&to)[Size], std::string_view text) noexcept {
    text.copy(to, Size);
}

EventVerdict verdict_of(const Finding& finding) noexcept {
    if (finding.verdict == Verdict::block) return EventVerdict::blocked;
    return finding.monitored ? EventVerdict::monitored : EventVerdict::allowed;
}

void store_ends(Event& event, const Finding& finding) noexcept {
    const Endpoints& ends = finding.endpoints;
    event.ipv6 = ends.ipv6;
    event.source = ends.source.address.bytes;
    event.destination = ends.destination.address.bytes;
    event.source_port = ends.source.port;
    event.destination_port = ends.destination.port;
    event.source_mac = finding.source_mac;
    event.destination_mac = finding.destination_mac;
    event.from_inside = finding.ingress == Side::inside;
    event.vlan = finding.vlan;
    event.vlan_count = finding.vlan_count;
    event.transport = finding.transport;
    store(event.pair, finding.pair);
}

}  // namespace

Event event_of(const Finding& finding, std::uint64_t epoch) noexcept {
    Event event{};
    event.time = finding.time + epoch;
    event.generation = finding.generation;
    event.protocol = static_cast<std::uint8_t>(finding.protocol);
    event.verdict = verdict_of(finding);
    event.reason = static_cast<std::uint8_t>(finding.reason);
    store_ends(event, finding);
    store(event.zone, finding.zone);
    store(event.category, finding.category);
    store(event.rule, finding.rule);
    // Of a long name the end says whose it is.
    event.name_size = static_cast<std::uint16_t>(finding.name.size());
    const std::size_t cut = finding.name.size() - std::min(finding.name.size(), sizeof event.name);
    store(event.name, finding.name.substr(cut));
    return event;
}

/// A tail that no reader of ours wrote makes records seem lost, and does no other harm.
void EventRecorder::on_finding(const Finding& finding) noexcept {
    const std::uint64_t tail = __atomic_load_n(&ring_.tail, __ATOMIC_ACQUIRE);
    if (head_ - tail >= kEventRingSize) {
        __atomic_store_n(&ring_.lost, ring_.lost + 1, __ATOMIC_RELAXED);
        return;
    }
    ring_.events[head_ % kEventRingSize] = event_of(finding, __atomic_load_n(&ring_.epoch, __ATOMIC_RELAXED));
    __atomic_store_n(&ring_.head, ++head_, __ATOMIC_RELEASE);
}

}  // namespace sluis
