#include "dataplane/generation_exchange.h"

#include <string>
#include <utility>

namespace sluis {

tl::expected<std::unique_ptr<GenerationExchange>, std::string> GenerationExchange::make(
    std::unique_ptr<const Generation> first, std::uint32_t workers) {
    const std::size_t size = rte_rcu_qsbr_get_memsize(workers);
    States states(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, size)));
    if (states == nullptr || rte_rcu_qsbr_init(states.get(), workers) != 0)
        return tl::unexpected<std::string>("no memory for the workers' quiescent states: give the process more");
    for (std::uint32_t worker = 0; worker < workers; ++worker)
        if (rte_rcu_qsbr_thread_register(states.get(), worker) != 0)
            return tl::unexpected("worker " + std::to_string(worker) + " cannot be registered with DPDK's RCU");
    return std::unique_ptr<GenerationExchange>(new GenerationExchange(std::move(first), std::move(states)));
}

void GenerationExchange::swap(std::unique_ptr<const Generation> next) noexcept {
    old_ = std::exchange(latest_, std::move(next));
    current_.store(latest_.get(), std::memory_order_release);
    token_ = rte_rcu_qsbr_start(states_.get());
}

bool GenerationExchange::settled() noexcept {
    if (old_ == nullptr) return true;
    if (rte_rcu_qsbr_check(states_.get(), token_, false) == 0) return false;
    old_.reset();
    return true;
}

}  // namespace sluis
