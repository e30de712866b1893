// How workers come to another generation while frames cross: the main thread puts it in place, each worker takes it up
// between two bursts, and the old one goes when the last worker has (RCU by quiescent states, rte_rcu_qsbr).
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include <tl/expected.hpp>

#include "dataplane/generation.h"

namespace sluis {

class GenerationExchange {
public:
    /// Allocates. `workers` is how many will take part, numbered from 0.
    static tl::expected<std::unique_ptr<GenerationExchange>, std::string> make(std::unique_ptr<const Generation> first,
                                                                               std::uint32_t workers);
    /// REQUIRES: no worker runs any more.
    ~GenerationExchange() = default;
    GenerationExchange(const GenerationExchange&) = delete;
    GenerationExchange& operator=(const GenerationExchange&) = delete;

    // The main thread's side.

    /// The one that was put in place last.
    const Generation& current() const noexcept { return *latest_; }
    /// Puts another one in place. REQUIRES: `settled()`.
    void swap(std::unique_ptr<const Generation> next) noexcept;
    /// Whether every worker that is awake judges by the current one; the one before it is freed by then. Never waits.
    bool settled() noexcept;

    // For other things that workers take up between two bursts, and let go of.

    /// Begins a grace period: `is_over` once every worker that is awake has come between two bursts.
    std::uint64_t begin_grace() noexcept { return rte_rcu_qsbr_start(states_.get()); }
    /// Never waits.
    bool is_over(std::uint64_t token) noexcept { return rte_rcu_qsbr_check(states_.get(), token, false) != 0; }

    // A worker's side: no system call, no lock, no allocation.

    /// From here on the main thread waits for this worker. Follow it by `take`.
    void enter(std::uint32_t worker) noexcept { rte_rcu_qsbr_thread_online(states_.get(), worker); }
    /// From here on it does not: REQUIRES: until `enter` and `take`, no generation is used.
    void leave(std::uint32_t worker) noexcept { rte_rcu_qsbr_thread_offline(states_.get(), worker); }
    /// The generation to use until the next call. Whatever was taken before may be gone afterwards.
    const Generation* take(std::uint32_t worker) noexcept {
        // In this order: who is quiescent after the swap sees what was put in place before it.
        rte_rcu_qsbr_quiescent(states_.get(), worker);
        return current_.load(std::memory_order_acquire);
    }

private:
    struct Free {
        void operator()(rte_rcu_qsbr* states) const noexcept { std::free(states); }
    };
    using States = std::unique_ptr<rte_rcu_qsbr, Free>;

    GenerationExchange(std::unique_ptr<const Generation> first, States states) noexcept
        : states_(std::move(states)), latest_(std::move(first)), current_(latest_.get()) {}

    States states_;
    std::unique_ptr<const Generation> latest_;
    std::unique_ptr<const Generation> old_;  ///< some worker may use it yet
    std::uint64_t token_ = 0;
    std::atomic<const Generation*> current_;
};

}  // namespace sluis
