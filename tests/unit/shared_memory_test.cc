// Memory that two processes share, with both ends as threads of one, which is what ThreadSanitizer can see
// (scripts/tsan). Here a file has one mapping, whoever maps it: the sanitizer tells memory apart by its address.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/events_file.h"
#include "dataplane/interface/pair_mode.h"
#include "dataplane/interface/trace_file.h"
#include "dataplane/mode_switch.h"
#include "dataplane/overload_report.h"
#include "dataplane/trace/frame_tracer.h"
#include "dataplane/verdict/event_recorder.h"
#include "tests/unit/dns_message_builder.h"
#include "tests/unit/pipeline_harness.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/two_rule_sets.h"

// The linker has the program call these in place of the C library's (--wrap, tests/CMakeLists.txt).
extern "C" {
void* __real_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void* address, std::size_t size);
void* __wrap_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void* address, std::size_t size);
}

namespace {

struct SharedFile {
    dev_t device;
    ino_t inode;
    void* address;
    int users;
};
std::mutex shared_files_lock;
std::vector<SharedFile> shared_files;

}  // namespace

void* __wrap_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) {
    struct stat status {};
    if ((flags & MAP_SHARED) == 0 || file < 0 || ::fstat(file, &status) != 0)
        return __real_mmap(address, size, protection, flags, file, offset);
    const std::lock_guard lock(shared_files_lock);
    for (SharedFile& each : shared_files)
        if (each.device == status.st_dev && each.inode == status.st_ino) return ++each.users, each.address;
    void* made = __real_mmap(address, size, protection, flags, file, offset);
    if (made != MAP_FAILED) shared_files.push_back({status.st_dev, status.st_ino, made, 1});
    return made;
}

int __wrap_munmap(void* address, std::size_t size) {
    const std::lock_guard lock(shared_files_lock);
    for (auto each = shared_files.begin(); each != shared_files.end(); ++each) {
        if (each->address != address) continue;
        if (--each->users != 0) return 0;
        shared_files.erase(each);
        break;
    }
    return __real_munmap(address, size);
}

namespace sluis::test {
namespace {

/// Has `write` run beside `read`, which is called again and again, and once more at the end.
template <typename Write, typename Read>
void side_by_side(Write write, Read read) {
    std::atomic<bool> done{false};
    std::thread writer([&] {
        write();
        done.store(true, std::memory_order_relaxed);
    });
    while (!done.load(std::memory_order_relaxed)) read();
    writer.join();
    read();
}

struct SharedMemory : testing::Test {
    CountersFile counters() {
        auto made = CountersFile::create(directory, std::vector<std::string>{"lan", "lan"});
        EXPECT_TRUE(made && made->publish());
        return std::move(*made);
    }
    CountersView view() {
        auto opened = CountersView::open(directory);
        EXPECT_TRUE(opened) << opened.error();
        return std::move(*opened);
    }
    ScratchFolder folder;
    std::string directory = folder / "run";
};

TEST_F(SharedMemory, IsOneMapping) {
    CountersFile file = counters();
    const CountersView reader = view();
    EXPECT_EQ(&file.header(), &reader.header()) << "otherwise nothing here shows anything to a sanitizer";
}

TEST_F(SharedMemory, CountsAreReadWhileTheyGrow) {
    CountersFile file = counters();
    const CountersView reader = view();
    constexpr std::uint64_t kFrames = 50'000;
    WorkerCounters before{};
    side_by_side(
        [&] {
            LiveCounters& counts = file.worker(1);
            for (std::uint64_t i = 0; i < kFrames; ++i) {
                ++counts.rx_frames[0];
                counts.rx_bytes[0] += 64;
                ++counts.drops[static_cast<std::size_t>(Reason::rule)];
                ++counts.zone_blocked[3][2][1];
                ++counts.heartbeat;
                counts.flows = i % 7;
            }
        },
        [&] {
            const WorkerCounters now = reader.worker(1);
            EXPECT_GE(now.rx_frames[0], before.rx_frames[0]);
            EXPECT_GE(now.zone_blocked[3][2][1], before.zone_blocked[3][2][1]);
            EXPECT_GE(reader.heartbeat(1), now.heartbeat);
            EXPECT_GE(reader.traffic(0, Side::inside).rx_bytes, now.rx_bytes[0]);
            before = now;
        });
    EXPECT_EQ(before.rx_frames[0], kFrames);
    EXPECT_EQ(before.rx_bytes[0], 64 * kFrames);
    EXPECT_EQ(before.zone_blocked[3][2][1], kFrames);
}

TEST_F(SharedMemory, OverloadsAreReportedWhileAWorkerCounts) {
    CountersFile file = counters();
    OverloadReport report(file);
    testing::internal::CaptureStderr();
    side_by_side(
        [&] {
            LiveCounters& counts = file.worker(0);
            for (std::uint64_t i = 1; i <= 2000; ++i) {
                counts.overloaded = i % 2;
                counts.overloads += i % 2;
                ++counts.errors[static_cast<std::size_t>(Reason::overload_pass)];
            }
        },
        [&] { report.look(); });
    const std::string lines = testing::internal::GetCapturedStderr();
    std::uint64_t began = 0;
    for (std::size_t at = 0; (at = lines.find("began=", at)) != std::string::npos; ++at)
        began += std::stoul(lines.substr(at + 6));
    EXPECT_EQ(began, 1000u) << "each overload is told of once";
}

TEST_F(SharedMemory, ModesAndDigestsAreReadWhole) {
    CountersFile file = counters();
    const CountersView reader = view();
    std::uint64_t seen = 0;
    side_by_side(
        [&] {
            for (std::uint64_t number = 1; number <= 2000; ++number) {
                const char letter = static_cast<char>('a' + number % 16);
                file.name_rules(number, std::string(64, letter));
                PairModeRecord record{};
                record.mode = record.transitions[7] = number;
                std::fill_n(record.reason, sizeof record.reason - 1, letter);
                file.set_pair_mode(0, record);
            }
        },
        [&] {
            const auto rules = reader.rules();
            if (rules.generation != 0) {
                EXPECT_EQ(rules.digest, std::string(64, static_cast<char>('a' + rules.generation % 16)));
            }
            const PairModeRecord record = reader.pair_mode(0);
            EXPECT_EQ(record.mode, record.transitions[7]);
            if (record.mode != 0) {
                EXPECT_EQ(record.reason, std::string(255, static_cast<char>('a' + record.mode % 16)));
            }
            seen = std::max(seen, record.mode);
        });
    EXPECT_EQ(seen, 2000u);
    EXPECT_EQ(reader.rules().generation, 2000u);
}

TEST_F(SharedMemory, LabelsAppearWhole) {
    CountersFile file = counters();
    const CountersView reader = view();
    std::vector<std::shared_ptr<const RuleSet>> sets;
    std::set<std::string> names{""};
    for (int i = 0; i < 12; ++i) {
        const std::string name = "a-category-by-the-number-of-" + std::to_string(i);
        names.insert(name.substr(0, 31));
        sets.push_back(rules_of(source_of("a.example", name)));
    }
    std::string last;
    side_by_side(
        [&] {
            for (const auto& rules : sets) {
                const auto made = Generation::make({.rules = rules}, file.header().labels);
                EXPECT_TRUE(made) << made.error();
            }
        },
        [&] {
            for (std::size_t slot = 0; slot + 1 < kCategorySlots; ++slot)
                EXPECT_TRUE(names.contains(reader.category(slot))) << reader.category(slot);
            last = reader.category(11);
        });
    EXPECT_NE(last, "");
    EXPECT_EQ(reader.category(12), "");
}

TEST_F(SharedMemory, FindingsAreTakenWhileTheyAreRecorded) {
    const std::vector<std::string> pairs{"lan"};
    std::filesystem::create_directory(directory);
    auto file = EventsFile::create(directory, "", pairs);
    ASSERT_TRUE(file && file->publish());
    auto reader = EventReader::open(directory);
    ASSERT_TRUE(reader) << reader.error();
    EventRecorder recorder(file->ring(0), false);
    constexpr std::uint64_t kFindings = 20'000;
    std::uint64_t taken = 0, last = 0;
    side_by_side(
        [&] {
            for (std::uint64_t number = 1; number <= kFindings; ++number) {
                const std::string name(200, static_cast<char>('a' + number % 16));
                Finding finding;
                finding.generation = number;
                finding.name = name;
                finding.verdict = Verdict::block;
                recorder.on_finding(finding);
            }
        },
        [&] {
            recorder.set_epoch(taken);
            while (const auto event = reader->take(0)) {
                EXPECT_GT(event->generation, last) << "in order, each once";
                EXPECT_EQ(event->name, std::string(200, static_cast<char>('a' + event->generation % 16)));
                last = event->generation;
                ++taken;
            }
        });
    EXPECT_EQ(taken + reader->lost(0), kFindings);
    EXPECT_GT(taken, 0u);
}

TEST_F(SharedMemory, ATraceIsReadWhileItIsWritten) {
    auto file = TraceFile::create(std::vector<std::string>{"lan"}, std::uint64_t{1} << 20, 256);
    ASSERT_TRUE(file) << file.error();
    auto reader = TraceReader::open(FileDescriptor(::dup(file->descriptor())));
    ASSERT_TRUE(reader) << reader.error();
    PipelinePolicy policy;
    policy.enforced = {true};
    const auto generation = generation_of(small_rules(), policy);
    VectorIo io;
    LiveCounters counts{};
    Pipeline pipeline(PipelineHarness::small_limits(), io, counts);
    pipeline.use(*generation);
    TraceOrder order;
    order.frames = 1000;
    FrameTracer tracer(FrameTracer::Setting{io, nullptr, counts, file->lane(0), file->records(0)}, order);
    const Buffer query =
        ethernet(ipv4({.protocol = kProtocolUdp}, udp(40000, 53, buffer(dns_query_text("www.tiktok.com")))));
    std::uint64_t received = 0, refused = 0;
    side_by_side(
        [&] {
            for (Nanoseconds now = kSecond; order.frames > 0; now += kSecond / 1000) {
                Frame* frame = io.make(Side::inside, query);
                tracer.process(pipeline, {&frame, 1}, now);
            }
        },
        [&] {
            TraceView record;
            while (reader->take(0, record)) {
                if (record.record.kind != TraceKind::received) continue;
                ++received;
                EXPECT_EQ(record.record.frame_length, query.size());
                refused += record.record.fate == TraceFate::dropped;
            }
        });
    EXPECT_EQ(received, 1000u - reader->lost());
    EXPECT_EQ(refused, received);
    EXPECT_GT(received, 0u);
}

TEST(SharedModes, WorkersTakeUpWhatTheMainThreadWants) {
    constexpr std::uint32_t kWorkers = 2;
    ModeSwitch mode(PairMode::in_line, kWorkers);
    std::atomic<bool> stop{false};
    std::vector<std::thread> workers;
    for (std::uint32_t index = 0; index < kWorkers; ++index)
        workers.emplace_back([&, index] {
            while (!stop.load(std::memory_order_relaxed)) {
                mode.take(index, mode.wanted());
                std::this_thread::yield();
            }
        });
    for (int change = 0; change < 100; ++change) {
        mode.set(static_cast<PairMode>(change % 4));
        while (!mode.settled()) std::this_thread::yield();
    }
    stop = true;
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(mode.wanted(), PairMode::closed);
}

}  // namespace
}  // namespace sluis::test
