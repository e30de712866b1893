#include "control/updates/updater.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "control/bundle/bundle_clock.h"

namespace sluis {
namespace {

/// Between two looks at the clock and at what waits.
constexpr std::chrono::seconds kTick{20};
/// Seconds by which the next check may lie ahead: more means that the clock was put back.
constexpr std::int64_t kAheadLimit = 2 * 86400;

/// Signals are the main thread's.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

UpdaterWorld system_world() {
    const auto engine = std::make_shared<std::mt19937_64>(std::random_device{}());
    const auto random = [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
    return {system_time, local_minute, random, {}};
}

Updater::Updater(const UpdatesConfig& config, UpdateTarget& target, std::atomic<bool>& stop, UpdaterWorld world)
    : world_(std::move(world)),
      stop_(stop),
      client_(config.ca, config.proxy, world_.limits, stop_),
      plan_(
          config, target, [this](const MirrorRequest& request, AnswerBody& body) { return client_.get(request, body); },
          world_),
      view_(std::make_shared<const UpdatesView>(plan_.view())) {
    plan_.on_change([this](const UpdatesView& view) { publish(view); });
    if (config.is_on()) thread_ = std::thread([this] { run(); });
}

Updater::~Updater() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const UpdatesView> Updater::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void Updater::publish(const UpdatesView& view) {
    auto made = std::make_shared<const UpdatesView>(view);
    const std::lock_guard lock(mutex_);
    view_ = std::move(made);
}

bool Updater::order(UpdateOrder order, Done done) {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable() || stop_ || orders_.size() >= kOrderLimit) return false;
    orders_.push_back({std::move(order), std::move(done)});
    wake_.notify_all();
    return true;
}

void Updater::run() {
    block_signals();
    std::unique_lock lock(mutex_);
    while (!stop_) {
        wake_.wait_for(lock, kTick, [this] { return stop_ || !orders_.empty(); });
        if (stop_) return;
        const auto orders = std::exchange(orders_, {});
        lock.unlock();
        const std::int64_t now = world_.now(), next = plan_.next_check();
        if (!orders.empty())
            carry_out(orders);
        else if (now >= next || next - now > kAheadLimit)
            plan_.check(false);
        else
            plan_.go_on();
        lock.lock();
    }
}

/// One check answers all who want one.
void Updater::carry_out(std::vector<Waiting> orders) {
    const auto is_check = [](const Waiting& each) { return each.order.kind == UpdateOrder::check; };
    if (std::any_of(orders.begin(), orders.end(), is_check)) plan_.check(true);
    for (const Waiting& each : orders) {
        if (!is_check(each)) {
            each.done(plan_.install(each.order.who, each.order.comment));
            continue;
        }
        const UpdatesView view = plan_.view();
        const std::string line = std::string(info(view.stage).name) + ": " +
                                 (view.message.empty() ? std::string(info(view.stage).meaning) : view.message);
        const bool failed = view.stage == UpdateStage::failing || view.stage == UpdateStage::clock_not_set ||
                            view.stage == UpdateStage::no_freshness_keys;
        each.done(failed ? UpdateOutcome(tl::unexpected(UpdateRefusal{0, std::string(info(view.stage).name), line}))
                         : UpdateOutcome(line));
    }
}

}  // namespace sluis
