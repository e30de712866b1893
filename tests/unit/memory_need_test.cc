// What the limits are said to cost against what a pipeline takes from the heap.
#include "dataplane/interface/memory_need.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <numeric>

#include "dataplane/interface/config_keys.h"
#include "dataplane/pipeline.h"

namespace {

std::uint64_t taken = 0;

void* take(std::size_t size, std::size_t alignment) {
    taken += size;
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

}  // namespace

void* operator new(std::size_t size) { return take(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return take(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return take(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return take(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take(size, alignof(std::max_align_t)); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { std::free(block); }

namespace sluis {
namespace {

class NoIo final : public FrameIo {
public:
    void transmit(Side, std::span<Frame* const>) noexcept override {}
    void drop(std::span<Frame* const>) noexcept override {}
    Frame* allocate(std::uint32_t) noexcept override { return nullptr; }
};

double actual(const Limits& limits) {
    NoIo io;
    LiveCounters counters{};
    const std::uint64_t before = taken;
    const Pipeline pipeline(limits, io, counters);
    return static_cast<double>(taken - before);
}

double estimate(const Limits& limits) {
    const auto shares = worker_memory(limits);
    return std::accumulate(shares.begin(), shares.end(), 0.0,
                           [](double sum, const MemoryShare& share) { return sum + static_cast<double>(share.bytes); });
}

TEST(MemoryNeed, IsWhatAPipelineTakes) { EXPECT_NEAR(estimate(Limits{}) / actual(Limits{}), 1.0, 0.1); }

/// Every key of [limits] that counts something, alone at eight times its default: what it costs is foreseen.
TEST(MemoryNeed, FollowsEveryLimit) {
    const auto tables = config_tables();
    const auto table =
        std::find_if(tables.begin(), tables.end(), [](const ConfigTable& each) { return each.name == "limits"; });
    for (const ConfigKey& key : table->keys) {
        const std::string value = key.show(Config{});
        if (value.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto config = parse_config(
            "[limits]\n" + std::string(key.name) + " = " + std::to_string(8 * std::stoul(value)) + "\n", "", false);
        if (!config) continue;  // the most is less than that
        EXPECT_NEAR(estimate(config->limits) / actual(config->limits), 1.0, 0.2) << key.name;
    }
}

AvailableMemory mebibytes(std::uint64_t count) { return {count << 20, "free memory"}; }

TEST(MemoryNeed, TooMuchIsSaidWithTheLimitThatAsksForMost) {
    EXPECT_TRUE(check_memory(Limits{}, 1, 0, mebibytes(1024)));
    Limits limits;
    limits.flows = 1 << 22;
    const auto one = check_memory(limits, 1, 0, mebibytes(1024));
    ASSERT_FALSE(one);
    EXPECT_EQ(one.error().find("not enough memory: [limits] ask for "), 0u) << one.error();
    EXPECT_NE(one.error().find(" MiB by flows = 4194304), and there are 1024 MiB (free memory); lower"),
              std::string::npos)
        << one.error();
    EXPECT_NE(check_memory(limits, 3, 0, mebibytes(1024)).error().find(" for 3 workers ("), std::string::npos);
}

TEST(MemoryNeed, WorkersAndDpdkAddUp) {
    EXPECT_FALSE(check_memory(Limits{}, 8, 0, mebibytes(1024)));
    EXPECT_FALSE(check_memory(Limits{}, 1, 1024, mebibytes(1024)));
    EXPECT_NE(check_memory(Limits{}, 1, 1024, mebibytes(1024)).error().find("[eal] memory_mib for 1024 MiB"),
              std::string::npos);
}

TEST(MemoryNeed, AvailableIsAtMostWhatTheProcessMayMap) {
    EXPECT_GT(available_memory().bytes, 0u);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
    if (before.rlim_cur != RLIM_INFINITY) GTEST_SKIP() << "limited already";
    const rlimit little{std::uint64_t{1} << 20, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &little), 0);
    const AvailableMemory available = available_memory();
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
    EXPECT_EQ(available.bytes, 0u);
    EXPECT_EQ(available.bound, "ulimit -v");
}

}  // namespace
}  // namespace sluis
