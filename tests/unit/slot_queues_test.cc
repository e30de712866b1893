// SlotQueues against a deque a queue.
#include "dataplane/flow/slot_queues.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace sluis {
namespace {

TEST(SlotQueues, DoesWhatDequesDo) {
    constexpr std::uint32_t kSlots = 40, kQueues = 3;
    std::mt19937 random(7);
    SlotQueues queues(kSlots, kQueues);
    std::vector<std::deque<std::uint32_t>> model(kQueues);
    for (int step = 0; step < 20000; ++step) {
        const std::uint32_t slot = random() % kSlots, queue = random() % kQueues;
        for (auto& each : model) each.erase(std::remove(each.begin(), each.end(), slot), each.end());
        if (random() % 4 != 0) {
            queues.push_back(slot, queue);
            model[queue].push_back(slot);
            EXPECT_EQ(queues.queue_of(slot), queue);
        } else {
            queues.erase(slot);
            EXPECT_EQ(queues.queue_of(slot), SlotQueues::kNone);
        }
        for (std::uint32_t i = 0; i < kQueues; ++i)
            ASSERT_EQ(queues.front(i), model[i].empty() ? SlotQueues::kNone : model[i].front()) << step;
    }
    for (std::uint32_t i = 0; i < kQueues; ++i)
        for (; !model[i].empty(); model[i].pop_front()) {
            ASSERT_EQ(queues.front(i), model[i].front());
            queues.erase(model[i].front());
        }
}

}  // namespace
}  // namespace sluis
