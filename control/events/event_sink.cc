#include "control/events/event_sink.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "control/api/log.h"

namespace sluis {

using Clock = std::chrono::steady_clock;

EventSink::EventSink(std::string name, std::unique_ptr<SinkTarget> target)
    : name_(std::move(name)), target_(std::move(target)), thread_([this] { run(); }) {}

EventSink::~EventSink() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
        stop_at_ = Clock::now() + kFarewell;
    }
    wake_.notify_all();
    thread_.join();
}

void EventSink::drop_oldest() {
    bytes_ -= queue_.front()->json.size();
    queue_.pop_front();
    ++state_.lost;
}

void EventSink::offer(SharedLine line) {
    {
        const std::lock_guard lock(mutex_);
        bytes_ += line->json.size();
        queue_.push_back(std::move(line));
        while (queue_.size() > kEventLimit || bytes_ > kByteLimit) drop_oldest();
    }
    wake_.notify_all();
}

void EventSink::reopen() {
    {
        const std::lock_guard lock(mutex_);
        reopen_ = true;
    }
    wake_.notify_all();
}

EventSink::State EventSink::state() const {
    const std::lock_guard lock(mutex_);
    State state = state_;
    state.queued = queue_.size();
    return state;
}

void EventSink::set_problem(const std::string& problem) {
    if (problem.empty() != state_.problem.empty()) {
        const auto priority = problem.empty() ? LogPriority::notice : LogPriority::warning;
        log_event(priority, problem.empty() ? "event_sink_works" : "event_sink_fails",
                  {{"sink", name_}, {"problem", problem}});
    }
    state_.problem = problem;
}

/// Signals are the main thread's.
void EventSink::run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    Lock lock(mutex_);
    while (!stop_ || (!queue_.empty() && Clock::now() < stop_at_)) {
        const auto is_work = [this] { return stop_ || reopen_ || !queue_.empty(); };
        wake_.wait_for(lock, std::chrono::seconds(1), is_work);
        const bool reopen = std::exchange(reopen_, false);
        if (reopen || queue_.empty()) {
            lock.unlock();
            reopen ? target_->reopen() : target_->look();
            lock.lock();
        }
        if (!queue_.empty()) deliver_next(lock);
    }
    state_.lost += queue_.size();
    queue_.clear();
}

void EventSink::deliver_next(Lock& lock) {
    const SharedLine line = queue_.front();
    queue_.pop_front();
    bytes_ -= line->json.size();
    lock.unlock();
    const auto delivery = target_->deliver(*line);
    lock.lock();
    switch (delivery) {
        case SinkTarget::Delivery::done:
            ++state_.written;
            return set_problem("");
        case SinkTarget::Delivery::never:
            ++state_.lost;
            return;
        case SinkTarget::Delivery::later:
            break;
    }
    set_problem(target_->problem());
    queue_.push_front(line);
    bytes_ += line->json.size();
    while (queue_.size() > kEventLimit || bytes_ > kByteLimit) drop_oldest();
    const auto until = Clock::now() + target_->pause();
    while (!stop_ && !reopen_ && Clock::now() < until) wake_.wait_until(lock, until);
    // A way out that does not work when the program ends is not waited for.
    if (stop_) stop_at_ = Clock::time_point{};
}

}  // namespace sluis
