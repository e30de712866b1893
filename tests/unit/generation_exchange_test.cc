// Workers that judge while the main thread swaps what they judge by: each burst by one whole set, and nothing is used
// after it was freed (which a sanitizer would see). Runs with DPDK's RCU, and without its EAL.
#include "dataplane/generation_exchange.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "tests/unit/generation_maker.h"
#include "tests/unit/two_rule_sets.h"

namespace sluis::test {
namespace {

constexpr std::uint32_t kWorkers = 3;
constexpr std::uint64_t kSwaps = 300;

struct Sets {
    std::shared_ptr<const RuleSet> a = rules_of(source_of("a.example")), b = rules_of(source_of("b.example"));
    std::unique_ptr<const Generation> make(std::uint64_t number) const {
        PipelinePolicy policy;
        policy.enforced = {true};
        return make_generation({.number = number,
                                .rules = number % 2 == 0 ? a : b,
                                .policy = policy,
                                .pairs_of_worker = std::vector<WorkerPairs>(kWorkers)});
    }
};

class Matches final : public MatchVisitor {
public:
    void on_match(std::uint32_t name, std::uint32_t) noexcept override { ++of.at(name); }
    std::array<int, 2> of{};
};

/// What a worker does with a generation: both names in one scan.
void judge(const Generation& generation, std::uint32_t worker) {
    const std::string a = "a.example", b = "b.example";
    NameBatch names;
    names.add_text(std::as_bytes(std::span(a)));
    names.add_text(std::as_bytes(std::span(b)));
    Matches matches;
    generation.scanner(worker).scan(names, matches);
    const bool even = generation.number() % 2 == 0;
    ASSERT_EQ(matches.of[0], even ? 1 : 0);
    ASSERT_EQ(matches.of[1], even ? 0 : 1);
}

TEST(GenerationExchange, WorkersJudgeByOneWholeSetWhileOthersAreSwappedIn) {
    const Sets sets;
    auto exchange = std::move(*GenerationExchange::make(sets.make(0), kWorkers));
    std::atomic<bool> stop{false};
    std::array<std::atomic<std::uint64_t>, kWorkers> judged{}, seen{};
    std::vector<std::thread> workers;
    for (std::uint32_t worker = 0; worker < kWorkers; ++worker)
        workers.emplace_back([&, worker] {
            exchange->enter(worker);
            while (!stop.load(std::memory_order_relaxed)) {
                const Generation* generation = exchange->take(worker);
                ASSERT_GE(generation->number(), seen[worker].load()) << "an older one came back";
                seen[worker] = generation->number();
                judge(*generation, worker);
                if (++judged[worker] % 16 != 0) continue;
                exchange->leave(worker);
                std::this_thread::yield();
                exchange->enter(worker);
            }
            exchange->leave(worker);
        });
    for (std::uint64_t number = 1; number <= kSwaps; ++number) {
        exchange->swap(sets.make(number));
        while (!exchange->settled()) std::this_thread::yield();
    }
    for (std::uint32_t worker = 0; worker < kWorkers; ++worker)
        while (seen[worker] != kSwaps) std::this_thread::yield();
    stop = true;
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(exchange->current().number(), kSwaps);
    for (const auto& count : judged) EXPECT_GT(count, 0u);
}

TEST(GenerationExchange, WaitsForEveryWorkerThatIsAwake) {
    const Sets sets;
    auto exchange = std::move(*GenerationExchange::make(sets.make(0), kWorkers));
    exchange->enter(0);
    exchange->enter(1);
    EXPECT_EQ(exchange->take(0)->number(), 0u);
    exchange->swap(sets.make(1));
    EXPECT_FALSE(exchange->settled()) << "worker 0 holds the old one";
    EXPECT_EQ(exchange->take(0)->number(), 1u);
    EXPECT_FALSE(exchange->settled()) << "worker 1 may";
    exchange->leave(1);
    EXPECT_TRUE(exchange->settled());
    exchange->enter(1);
    EXPECT_EQ(exchange->take(1)->number(), 1u) << "who slept through a swap wakes to what is in force";
    exchange->swap(sets.make(2));
    EXPECT_FALSE(exchange->settled());
    exchange->leave(0);
    exchange->leave(1);
    EXPECT_TRUE(exchange->settled());
}

}  // namespace
}  // namespace sluis::test
