#include "control/api/trace_keeper.h"

#include <gtest/gtest.h>

#include <thread>

#include "scratch_folder.h"

namespace sluis {
namespace {

class TraceKeeperTest : public testing::Test {
protected:
    /// One that has ended: there is no dataplane to ask.
    std::uint64_t ended_trace() {
        const auto begun = keeper_.begin({}, {"uid 0", "trace", "", ""}, "{}");
        if (!begun) return 0;
        while (keeper_.find(begun->id())->state() == "running")
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        return begun->id();
    }

    ScratchFolder folder_;
    AuditLog log_{folder_ / "audit"};
    TraceKeeper keeper_{folder_ / "run", log_};
};

TEST_F(TraceKeeperTest, WhatIsDeletedIsGoneAtOnce) {
    const std::uint64_t id = ended_trace();
    ASSERT_NE(id, 0u);
    EXPECT_FALSE(keeper_.begin({}, {}, "{}")) << "one at a time";
    EXPECT_TRUE(keeper_.stop(id));
    EXPECT_FALSE(keeper_.find(id)) << "and who asks renews nothing";
    EXPECT_FALSE(keeper_.piece(id, 0));
    EXPECT_FALSE(keeper_.stop(id));
    EXPECT_EQ(ended_trace(), id + 1) << "the next one begins without a wait";
}

}  // namespace
}  // namespace sluis
