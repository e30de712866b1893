// The thread that keeps the dataplane at what is wanted, so that nobody else ever waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

#include "control/delivery/delivery.h"
#include "control/delivery/reconciler.h"

namespace sluis {

class DeliveryThread {
public:
    /// Between two looks at the clock and the dataplane, while nothing else happens.
    static constexpr std::chrono::milliseconds kPause{1000};

    /// REQUIRES: both outlive this.
    DeliveryThread(Delivery& delivery, DataplaneDoor& door);
    /// Waits for the talk that is going on.
    ~DeliveryThread();
    DeliveryThread(const DeliveryThread&) = delete;
    DeliveryThread& operator=(const DeliveryThread&) = delete;

    /// Whether it is talking with the dataplane, which may take half a minute.
    bool is_talking() const { return talking_.load(); }

private:
    void run();

    Delivery& delivery_;
    Reconciler reconciler_;
    std::atomic<bool> talking_{false};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace sluis
