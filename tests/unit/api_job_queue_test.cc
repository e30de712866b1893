// Jobs: one after the other, remembered for a while, and never more at once than there is room for.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "control/api/job_queue.h"

namespace sluis {
namespace {

using namespace std::chrono_literals;

api::Job ended(const JobQueue& jobs, std::uint64_t id) {
    for (;;) {
        const auto job = jobs.find(id);
        if (!job || job->state() == "done" || job->state() == "failed") return job.value_or(api::Job{});
        std::this_thread::sleep_for(1ms);
    }
}

TEST(JobQueue, SaysWhatCameOfAJob) {
    JobQueue jobs([] {}, 1h);
    const auto good = jobs.submit("good", [] { return JobQueue::Outcome("fine"); });
    const auto bad = jobs.submit("bad", [] {
        api::JobError error;
        error.set_name("why");
        return JobQueue::Outcome(tl::unexpected(error));
    });
    ASSERT_TRUE(good && bad);
    EXPECT_EQ(good->state(), "queued");
    EXPECT_EQ(ended(jobs, good->id()).message(), "fine");
    EXPECT_EQ(ended(jobs, bad->id()).error().name(), "why");
    EXPECT_EQ(ended(jobs, bad->id()).state(), "failed");
    EXPECT_FALSE(jobs.find(99));
}

TEST(JobQueue, RemembersWhatOthersDo) {
    JobQueue jobs([] {}, 1h);
    const auto job = jobs.begin("foreign");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->state(), "running");
    for (std::size_t i = 1; i < kForeignJobLimit; ++i) EXPECT_TRUE(jobs.begin("foreign"));
    EXPECT_FALSE(jobs.begin("one too many"));
    for (std::size_t i = 0; i < 2 * kEndedJobLimit; ++i) {
        const auto own = jobs.submit("own", [] { return JobQueue::Outcome("done"); });
        ASSERT_TRUE(own);
        EXPECT_EQ(ended(jobs, own->id()).state(), "done");
    }
    EXPECT_EQ(jobs.find(job->id())->state(), "running") << "what runs is not forgotten";
    jobs.end(job->id(), JobQueue::Outcome("fine"));
    EXPECT_EQ(ended(jobs, job->id()).message(), "fine");
    EXPECT_TRUE(jobs.begin("there is room again"));
}

TEST(JobQueue, TakesNoMoreThanItHasRoomFor) {
    std::promise<void> go;
    std::promise<void> begun;
    JobQueue jobs([] {}, 1h);
    ASSERT_TRUE(jobs.submit("first", [&] {
        begun.set_value();
        go.get_future().wait();
        return JobQueue::Outcome("");
    }));
    begun.get_future().wait();
    EXPECT_EQ(jobs.find(1)->state(), "running");
    for (std::size_t i = 0; i < kWaitingJobLimit; ++i)
        EXPECT_TRUE(jobs.submit("next", [] { return JobQueue::Outcome(""); }));
    EXPECT_FALSE(jobs.submit("one too many", [] { return JobQueue::Outcome(""); }));
    EXPECT_TRUE(jobs.is_busy());
    go.set_value();
    EXPECT_EQ(ended(jobs, kWaitingJobLimit + 1).state(), "done");
    EXPECT_TRUE(jobs.submit("there is room again", [] { return JobQueue::Outcome(""); }));
}

TEST(JobQueue, ForgetsTheOldest) {
    JobQueue jobs([] {}, 1h);
    for (std::uint64_t i = 1; i <= 2 * kEndedJobLimit; ++i) {
        const auto job = jobs.submit("job", [] { return JobQueue::Outcome(""); });
        ASSERT_TRUE(job);
        EXPECT_EQ(job->id(), i);
        ended(jobs, i);
    }
    EXPECT_FALSE(jobs.find(1));
    EXPECT_TRUE(jobs.find(2 * kEndedJobLimit - 10));
}

TEST(JobQueue, LooksBetweenJobs) {
    std::atomic<int> looks = 0;
    JobQueue jobs([&] { ++looks; }, 1ms);
    while (looks < 3) std::this_thread::sleep_for(1ms);
    const auto job = jobs.submit("job", [&] { return JobQueue::Outcome(std::to_string(looks)); });
    ended(jobs, job->id());
    const int before = looks;
    while (looks < before + 2) std::this_thread::sleep_for(1ms);
}

TEST(JobQueue, IsNotAliveWhenItsThreadDoesNotComeRound) {
    using Clock = std::chrono::steady_clock;
    std::promise<void> begun, go;
    JobQueue jobs([] {}, 1s);
    while (jobs.is_busy()) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(jobs.is_alive(Clock::now()));
    EXPECT_FALSE(jobs.is_alive(Clock::now() + 1s + kLongestRest)) << "it should have looked round long ago";
    ASSERT_TRUE(jobs.submit("long", [&] {
        begun.set_value();
        go.get_future().wait();
        return JobQueue::Outcome("");
    }));
    begun.get_future().wait();
    EXPECT_TRUE(jobs.is_alive(Clock::now() + 10 * kLongestRest)) << "jobs take long";
    EXPECT_FALSE(jobs.is_alive(Clock::now() + kLongestJob)) << "but not that long";
    go.set_value();
}

}  // namespace
}  // namespace sluis
