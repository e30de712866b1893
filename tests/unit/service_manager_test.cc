// What a service manager hears, over the socket that it would give a service.
#include "dataplane/interface/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

class ServiceManagerTest : public testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    }
    /// The manager's end: a path, or "@name".
    void listen(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') address.sun_path[0] = '\0';
        manager_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        ASSERT_EQ(::bind(manager_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    /// One message, or nothing.
    std::string heard() const {
        std::array<char, 256> room;
        const ssize_t size = ::recv(manager_.get(), room.data(), room.size(), 0);
        return size < 0 ? "" : std::string(room.data(), static_cast<std::size_t>(size));
    }

    ScratchFolder folder_;
    FileDescriptor manager_;
};

TEST_F(ServiceManagerTest, IsHandedOnToAProgramInThisOnesPlace) {
    listen(folder_ / "notify");
    ::setenv("WATCHDOG_USEC", "5000000", 1);
    ServiceManager::from_environment().give_back();
    auto manager = ServiceManager::from_environment();
    EXPECT_EQ(manager.watchdog(), std::chrono::microseconds(5'000'000));
    manager.ready();
    EXPECT_EQ(heard(), "READY=1");
    manager.feed();
    EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, HearsOfAService) {
    for (const std::string& name : {folder_ / "notify", "@sluis-test-" + std::to_string(::getpid())}) {
        listen(name);
        auto manager = ServiceManager::from_environment();
        ASSERT_TRUE(manager.is_there()) << name;
        manager.ready();
        EXPECT_EQ(heard(), "READY=1");
        manager.status("one");
        manager.status("one");
        manager.status("two");
        EXPECT_EQ(heard(), "STATUS=one");
        EXPECT_EQ(heard(), "STATUS=two");
        manager.stopping();
        EXPECT_EQ(heard(), "STOPPING=1");
        EXPECT_EQ(heard(), "");
    }
}

TEST_F(ServiceManagerTest, WaitsForFoodOnlyWhereItSaidSo) {
    const struct {
        const char *usec, *pid;
        long expected;
    } kCases[]{
        {"5000000", "", 5'000'000},
        {"5000000", "own", 5'000'000},
        {"5000000", "1", 0},
        {"0", "", 0},
        {"", "", 0},
        {"5s", "", 0},
        {"-5", "", 0},
        {"99999999999999999999", "", 0},
    };
    listen(folder_ / "notify");
    for (const auto& row : kCases) {
        ::setenv("NOTIFY_SOCKET", (folder_ / "notify").c_str(), 1);
        ::setenv("WATCHDOG_USEC", row.usec, 1);
        const std::string pid = std::string(row.pid) == "own" ? std::to_string(::getpid()) : row.pid;
        if (!pid.empty()) ::setenv("WATCHDOG_PID", pid.c_str(), 1);
        auto manager = ServiceManager::from_environment();
        EXPECT_EQ(manager.watchdog().count(), row.expected) << row.usec << " " << row.pid;
        manager.feed();
        EXPECT_EQ(heard(), row.expected == 0 ? "" : "WATCHDOG=1");
    }
}

TEST_F(ServiceManagerTest, IsNotToldByChildren) {
    listen(folder_ / "notify");
    ::setenv("WATCHDOG_USEC", "1", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    ServiceManager::from_environment();
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) EXPECT_EQ(std::getenv(name), nullptr);
}

TEST_F(ServiceManagerTest, MayBeAbsent) {
    const std::string too_long = "/" + std::string(sizeof(sockaddr_un::sun_path), 'x');
    for (const std::string& name :
         {std::string(), folder_ / "nobody", std::string("relative"), std::string("@"), too_long}) {
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        auto manager = ServiceManager::from_environment();
        EXPECT_FALSE(manager.is_there()) << name;
        manager.ready();
        manager.feed();
    }
}

TEST_F(ServiceManagerTest, HoldsNobodyUp) {
    listen(folder_ / "notify");
    auto manager = ServiceManager::from_environment();
    for (int i = 0; i < 10'000; ++i) manager.ready();  // nobody reads
    manager.status("lost");
    while (!heard().empty()) {
    }
    manager.status("lost");
    EXPECT_EQ(heard(), "STATUS=lost") << "what was not heard is said again";
}

}  // namespace
}  // namespace sluis
