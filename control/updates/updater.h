// Pulling, in a thread of its own: nothing that a mirror does holds up anything else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/updates/mirror_client.h"
#include "control/updates/update_plan.h"
#include "control/updates/update_target.h"
#include "control/updates/updates_config.h"
#include "control/updates/updates_view.h"

namespace sluis {

/// The system's clock and randomness.
UpdaterWorld system_world();

/// What somebody wants at once.
struct UpdateOrder {
    enum Kind : std::uint8_t { check, install } kind;
    std::string who;      ///< for the audit record of an install
    std::string comment;  ///< likewise
};

class Updater {
public:
    /// What came of an order.
    using Done = std::function<void(const UpdateOutcome&)>;

    /// Starts the thread when there are mirrors. `target` and `stop` outlive the updater; the latter is set from the
    /// moment that the updater is to end, for targets that wait.
    Updater(const UpdatesConfig& config, UpdateTarget& target, std::atomic<bool>& stop,
            UpdaterWorld world = system_world());
    /// Cuts off what is on its way; it goes on after the next start.
    ~Updater();
    Updater(const Updater&) = delete;
    Updater& operator=(const Updater&) = delete;

    /// May be called by any thread.
    std::shared_ptr<const UpdatesView> view() const;
    /// May be called by any thread. False when updates are off, or too many orders wait. `done` is called by the
    /// updater's thread.
    bool order(UpdateOrder order, Done done);

private:
    struct Waiting {
        UpdateOrder order;
        Done done;
    };
    static constexpr std::size_t kOrderLimit = 4;
    void run();
    void carry_out(std::vector<Waiting> orders);
    void publish(const UpdatesView& view);

    UpdaterWorld world_;
    std::atomic<bool>& stop_;
    MirrorClient client_;
    UpdatePlan plan_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const UpdatesView> view_;
    std::vector<Waiting> orders_;
    std::thread thread_;
};

}  // namespace sluis
