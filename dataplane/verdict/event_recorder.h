// Findings of one worker, put into its ring: no allocation, no wait, no system call.
#pragma once

#include "dataplane/interface/event.h"
#include "dataplane/interface/finding.h"

namespace sluis {

/// A finding as an event. `epoch`: when the clock of findings was zero, nanoseconds since 1970-01-01 UTC.
Event event_of(const Finding& finding, std::uint64_t epoch) noexcept;

class EventRecorder final : public FindingObserver {
public:
    /// `record_allowed`: names that matched nothing are recorded too. REQUIRES: the ring outlives the recorder.
    EventRecorder(EventRing& ring, bool record_allowed) noexcept : FindingObserver(record_allowed), ring_(ring) {}

    void on_finding(const Finding& finding) noexcept override;
    /// Says when the clock of findings was zero: nanoseconds since 1970-01-01 UTC. From any thread.
    void set_epoch(std::uint64_t epoch) noexcept { __atomic_store_n(&ring_.epoch, epoch, __ATOMIC_RELAXED); }

private:
    EventRing& ring_;
    std::uint64_t head_ = 0;  ///< the ring's, which a reader could have written to
};

}  // namespace sluis
