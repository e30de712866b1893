#include "control/delivery/delivery_thread.h"

#include <pthread.h>
#include <signal.h>

#include <string>
#include <utility>

#include "control/api/log.h"
#include "control/bundle/bundle_clock.h"

namespace sluis {
namespace {

/// Signals are the main thread's.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// One line for each change of what is in use, and of why it is not.
void log_change(const HandOverState& before, const HandOverState& after) {
    if (after.taken != before.taken || after.results != before.results) {
        const bool taken = after.rules_in_use && after.zones_in_use;
        log_event(taken ? LogPriority::notice : LogPriority::warning, "hand_over",
                  {{"result", taken ? "taken" : "refused"},
                   {"generation", std::to_string(after.generation)},
                   {"rules", after.rules_digest},
                   {"zones", after.zones_digest},
                   {"reason", after.trouble}});
    } else if (after.reachable != before.reachable) {
        log_event(LogPriority::info, after.reachable ? "dataplane_reached" : "dataplane_unreachable",
                  {{"reason", after.trouble}});
    }
}

}  // namespace

DeliveryThread::DeliveryThread(Delivery& delivery, DataplaneDoor& door)
    : delivery_(delivery), reconciler_(door), thread_([this] { run(); }) {}

DeliveryThread::~DeliveryThread() {
    stop_.store(true);
    delivery_.stop();
    thread_.join();
}

void DeliveryThread::run() {
    block_signals();
    while (!stop_.load()) {
        delivery_.follow_clock();
        if (auto wanted = delivery_.take_news()) reconciler_.want(std::move(*wanted));
        const HandOverState before = reconciler_.state();
        talking_.store(true);
        reconciler_.step(Reconciler::Clock::now(), system_time());
        talking_.store(false);
        log_change(before, reconciler_.state());
        delivery_.note(reconciler_.state());
        delivery_.wait_for_news(kPause);
    }
}

}  // namespace sluis
