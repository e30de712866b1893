// Ways out for events, with collectors that take them, are slow, or dead.
#include "control/events/event_sink.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "control/events/back_off.h"
#include "control/events/event_hub.h"
#include "control/events/file_target.h"
#include "control/events/socket_target.h"
#include "control/events/syslog_target.h"
#include "dataplane/interface/file_descriptor.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

using Delivery = SinkTarget::Delivery;
using testing::HasSubstr;

SharedLine line(const std::string& json) {
    return std::make_shared<const EventLine>(EventLine{EventKind::alert, Severity::warning, 0, json});
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <typename Condition>
bool soon(Condition condition) {
    for (int i = 0; i < 2000; ++i) {
        if (condition()) return true;
        ::usleep(10'000);
    }
    return false;
}

struct FileTargetTest : testing::Test {
    Delivery deliver(const std::string& json) { return target.deliver(*line(json)); }
    ScratchFolder folder;
    std::string path = folder / "eve.json";
    FileTarget target{path, 100};
};

TEST_F(FileTargetTest, AppendsLines) {
    std::ofstream(path) << "{\"before\":1}\n";
    EXPECT_EQ(deliver("{}"), Delivery::done);
    EXPECT_EQ(deliver("{}"), Delivery::done);
    EXPECT_EQ(content(path), "{\"before\":1}\n{}\n{}\n");
}

TEST_F(FileTargetTest, FollowsWhoRenamesTheFile) {
    EXPECT_EQ(deliver("{\"a\":1}"), Delivery::done);
    std::filesystem::rename(path, path + ".old");
    target.look();  // which a sink does once a second
    EXPECT_EQ(deliver("{\"a\":2}"), Delivery::done);
    EXPECT_EQ(content(path + ".old"), "{\"a\":1}\n");
    EXPECT_EQ(content(path), "{\"a\":2}\n");
    std::filesystem::rename(path, path + ".old");
    target.reopen();
    EXPECT_EQ(deliver("{\"a\":3}"), Delivery::done);
    EXPECT_EQ(content(path), "{\"a\":3}\n");
}

TEST_F(FileTargetTest, HasABound) {
    const std::string json = "{\"a\":\"" + std::string(50, 'x') + "\"}";
    for (int i = 0; i < 9; ++i) EXPECT_EQ(deliver(json), Delivery::done);
    EXPECT_LE(std::filesystem::file_size(path), 100u);
    EXPECT_LE(std::filesystem::file_size(path + ".1"), 100u);
    EXPECT_FALSE(std::filesystem::exists(path + ".2"));
}

TEST_F(FileTargetTest, WritesToRegularFilesOnly) {
    const std::string victim = folder / "victim";
    std::ofstream(victim) << "precious";
    std::filesystem::create_symlink(victim, path);
    EXPECT_EQ(deliver("{}"), Delivery::later);
    EXPECT_THAT(target.problem(), HasSubstr("cannot be opened"));
    EXPECT_EQ(content(victim), "precious");
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(deliver("{}"), Delivery::later);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_EQ(deliver("{}"), Delivery::later);
    std::filesystem::remove(path);
    EXPECT_EQ(deliver("{}"), Delivery::done) << "and goes on when that is over";
}

/// A collector that listens on a Unix socket of `type`.
struct Collector {
    Collector(const std::string& path, int type) : socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, path.size());
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        if (type == SOCK_STREAM) {
            EXPECT_EQ(::listen(socket.get(), 5), 0);
        }
    }
    static std::string read(int from) {
        std::array<char, 65536> room;
        const ssize_t count = ::recv(from, room.data(), room.size(), 0);
        return count <= 0 ? "" : std::string(room.data(), static_cast<std::size_t>(count));
    }
    FileDescriptor socket;
};

TEST(SocketTarget, SendsDatagrams) {
    ScratchFolder folder;
    SocketTarget target(folder / "s");
    EXPECT_EQ(target.deliver(*line("{}")), Delivery::later) << "nobody is there";
    EXPECT_THAT(target.problem(), HasSubstr("No such file"));
    {
        Collector collector(folder / "s", SOCK_DGRAM);
        EXPECT_EQ(target.deliver(*line("{\"a\":1}")), Delivery::done);
        EXPECT_EQ(Collector::read(collector.socket.get()), "{\"a\":1}");
        EXPECT_EQ(target.deliver(*line(std::string(8 << 20, 'x'))), Delivery::never) << "too long for a datagram";
    }
    EXPECT_EQ(target.deliver(*line("{}")), Delivery::later);
    std::filesystem::remove(folder / "s");
    Collector another(folder / "s", SOCK_DGRAM);
    EXPECT_EQ(target.deliver(*line("{\"a\":2}")), Delivery::done);
    EXPECT_EQ(Collector::read(another.socket.get()), "{\"a\":2}");
}

TEST(SocketTarget, SendsAStreamOfLines) {
    ScratchFolder folder;
    SocketTarget target(folder / "s");
    Collector collector(folder / "s", SOCK_STREAM);
    EXPECT_EQ(target.deliver(*line("{\"a\":1}")), Delivery::done);
    {
        const FileDescriptor accepted(::accept(collector.socket.get(), nullptr, nullptr));
        EXPECT_EQ(Collector::read(accepted.get()), "{\"a\":1}\n");
    }
    EXPECT_EQ(target.deliver(*line("{\"a\":2}")), Delivery::done) << "the broken connection is seen before it is used";
    const FileDescriptor accepted(::accept(collector.socket.get(), nullptr, nullptr));
    EXPECT_EQ(Collector::read(accepted.get()), "{\"a\":2}\n");
}

TEST(SocketTarget, IsNotHeldUpByOneThatTakesNothing) {
    ScratchFolder folder;
    SocketTarget target(folder / "s");
    Collector collector(folder / "s", SOCK_DGRAM);
    Delivery delivery = Delivery::done;
    for (int i = 0; i < 10'000 && delivery == Delivery::done; ++i) delivery = target.deliver(*line("{}"));
    EXPECT_EQ(delivery, Delivery::later);
    EXPECT_THAT(target.problem(), HasSubstr("takes nothing"));
    EXPECT_EQ(Collector::read(collector.socket.get()), "{}");
    EXPECT_EQ(target.deliver(*line("{}")), Delivery::done);
}

/// A TCP listener on a port that the kernel chose.
struct TcpCollector {
    TcpCollector() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(socket.get(), 5), 0);
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    }
    std::string name() const { return "127.0.0.1:" + std::to_string(ntohs(address.sin_port)); }
    FileDescriptor accept() { return FileDescriptor(::accept(socket.get(), nullptr, nullptr)); }
    sockaddr_in address{};
    FileDescriptor socket;
};

TEST(SyslogTargetTest, FramesMessagesAndComesBack) {
    TcpCollector collector;
    SyslogTarget target(collector.name(), {16, "box17", 812});
    EXPECT_EQ(target.deliver(*line("{\"a\":1}")), Delivery::done);
    EXPECT_EQ(target.deliver(*line("{\"a\":2}")), Delivery::done);
    {
        const FileDescriptor accepted = collector.accept();
        const std::string message = "<132>1 1970-01-01T00:00:00.000000+00:00 box17 sluis 812 alert - {\"a\":1}";
        std::string got;
        while (got.size() < 2 * (message.size() + 3)) got += Collector::read(accepted.get());
        EXPECT_EQ(got.substr(0, message.size() + 3), std::to_string(message.size()) + " " + message);
    }
    // The collector has closed: what is sent now would be lost.
    EXPECT_EQ(target.deliver(*line("{\"a\":3}")), Delivery::done);
    const FileDescriptor accepted = collector.accept();
    EXPECT_THAT(Collector::read(accepted.get()), HasSubstr("{\"a\":3}"));
}

TEST(SyslogTargetTest, BacksOffFromADeadCollector) {
    std::string name;
    {
        TcpCollector collector;
        name = collector.name();
    }
    SyslogTarget target(name, {});
    EXPECT_EQ(target.deliver(*line("{}")), Delivery::later);
    EXPECT_THAT(target.problem(), HasSubstr("refused"));
    EXPECT_GE(target.pause(), BackOff::kFirst / 2);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(target.deliver(*line("{}")), Delivery::later);
    EXPECT_GE(target.pause(), BackOff::kLongest / 2);
    EXPECT_LE(target.pause(), BackOff::kLongest);
}

TEST(BackOff, DoublesAndIsNeverTheSameForTwoBoxes) {
    BackOff one(1), other(2);
    EXPECT_NE(one.next(), other.next());
    for (int i = 0; i < 20; ++i) one.next();
    EXPECT_GE(one.next(), BackOff::kLongest / 2);
    one.reset();
    EXPECT_LE(one.next(), BackOff::kFirst);
}

/// Delivers nothing as long as it is told so.
struct Gate final : SinkTarget {
    struct State {
        std::atomic<bool> open{false};
        std::atomic<int> delivered{0}, reopened{0};
    };
    explicit Gate(State& state) : state(state) {}
    Delivery deliver(const EventLine&) override {
        if (!state.open) return Delivery::later;
        ++state.delivered;
        return Delivery::done;
    }
    void reopen() override { ++state.reopened; }
    std::chrono::milliseconds pause() const override { return std::chrono::milliseconds(10); }
    std::string problem() const override { return "closed"; }
    State& state;
};

TEST(EventSink, KeepsTheNewestWhenFullAndCountsTheRest) {
    Gate::State gate;
    EventSink sink("gate", std::make_unique<Gate>(gate));
    for (std::size_t i = 0; i < EventSink::kEventLimit + 100; ++i) sink.offer(line("{}"));
    ASSERT_TRUE(soon([&] { return sink.state().problem == "closed"; }));
    gate.open = true;
    ASSERT_TRUE(soon([&] { return sink.state().queued == 0 && sink.state().problem.empty(); }));
    const auto state = sink.state();
    EXPECT_EQ(state.written + state.lost, EventSink::kEventLimit + 100);
    EXPECT_GE(state.lost, 99u);
    EXPECT_LE(state.lost, 100u);
}

TEST(EventSink, IsBoundedInBytes) {
    Gate::State gate;
    EventSink sink("gate", std::make_unique<Gate>(gate));
    for (int i = 0; i < 100; ++i) sink.offer(line(std::string(1 << 20, 'x')));
    EXPECT_LE(sink.state().queued, 9u);
    EXPECT_GE(sink.state().lost, 90u);
}

TEST(EventSink, EndsAtOnceWhenItsTargetIsDead) {
    Gate::State gate;
    const auto begin = std::chrono::steady_clock::now();
    {
        EventSink sink("gate", std::make_unique<Gate>(gate));
        sink.reopen();
        sink.offer(line("{}"));
        ASSERT_TRUE(soon([&] { return gate.reopened == 1; }));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(EventSink, DeliversWhatWaitsBeforeItEnds) {
    Gate::State gate;
    gate.open = true;
    {
        EventSink sink("gate", std::make_unique<Gate>(gate));
        for (int i = 0; i < 100; ++i) sink.offer(line("{}"));
    }
    EXPECT_EQ(gate.delivered, 100);
}

TEST(EventHub, NoWayOutDelaysAnother) {
    Gate::State dead, live;
    live.open = true;
    EventMemory memory;
    EventHub hub(1'000'000, memory);
    hub.add_sink(std::make_unique<EventSink>("dead", std::make_unique<Gate>(dead)));
    hub.add_sink(std::make_unique<EventSink>("live", std::make_unique<Gate>(live)));
    for (int i = 0; i < 20'000; ++i) {
        hub.publish(*line("{}"));
        if (i % 4000 == 0) soon([&] { return hub.sinks()[1]->state().queued == 0; });
    }
    EXPECT_TRUE(soon([&] { return live.delivered == 20'000; })) << live.delivered;
    EXPECT_GE(hub.sinks()[0]->state().lost, 20'000 - EventSink::kEventLimit - 1);
    EXPECT_EQ(memory.newest(), 20'000u);
    EXPECT_EQ(hub.counts().published[0], 20'000u);
}

TEST(EventHub, SuppressesAndRefusesWhatIsTooLong) {
    EventMemory memory;
    EventHub hub(5, memory);
    for (int i = 0; i < 100; ++i) hub.publish(*line("{}"));
    EXPECT_GE(hub.counts().published[0], 10u);
    EXPECT_LT(hub.counts().published[0], 100u);
    const auto suppressed = hub.take_suppressed();
    ASSERT_EQ(suppressed.size(), 1u);
    EXPECT_EQ(suppressed[0].count, hub.counts().suppressed[0]);
    EXPECT_EQ(hub.counts().published[0] + suppressed[0].count, 100u);
    hub.publish({EventKind::audit, Severity::notice, 0, std::string(kEventLineLimit + 1, 'x')});
    EXPECT_EQ(hub.counts().too_long, 1u);
}

TEST(EventMemory, ForgetsTheOldestAndSaysSo) {
    EventMemory memory;
    EXPECT_EQ(memory.newest(), 0u);
    EXPECT_TRUE(memory.read(0, 1000).entries.empty());
    for (std::size_t i = 0; i < EventMemory::kEventLimit + 5; ++i) memory.add(line("{}"));
    const auto all = memory.read(0, 1 << 20);
    EXPECT_EQ(all.lost, 5u);
    ASSERT_EQ(all.entries.size(), EventMemory::kEventLimit);
    EXPECT_EQ(all.entries.front().number, 6u);
    EXPECT_EQ(all.entries.back().number, memory.newest());
    EXPECT_EQ(memory.read(10, 0).entries.size(), 1u) << "at least one";
    EXPECT_EQ(memory.read(10, 0).lost, 0u);
    EXPECT_TRUE(memory.read(memory.newest(), 1000).entries.empty());
    for (int i = 0; i < 100; ++i) memory.add(line(std::string(1 << 20, 'x')));
    EXPECT_LE(memory.read(0, std::size_t{1} << 30).entries.size(), 8u) << "bounded in bytes";
}

}  // namespace
}  // namespace sluis
