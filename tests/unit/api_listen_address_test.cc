// A listener whose process has no descriptor left.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "control/api/listen_address.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {
namespace {

void count(evconnlistener*, evutil_socket_t client, sockaddr*, int, void* accepted) {
    ++*static_cast<int*>(accepted);
    ::close(client);
}

FileDescriptor connect_to(evconnlistener& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::getsockname(evconnlistener_get_fd(&listener), generic, &size), 0);
    FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), generic, size), 0);
    return client;
}

void run_for(event_base& base, std::chrono::milliseconds time) {
    const timeval end = interval(time);
    event_base_loopexit(&base, &end);
    event_base_dispatch(&base);
}

/// While it lives, no descriptor is left.
class NoDescriptors {
public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{0, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(Listener, RestsWithoutDescriptorsAndServesAfterwards) {
    constexpr std::chrono::milliseconds kTime{400};
    const EventBase base(event_base_new());
    int accepted = 0;
    const auto listener = listen_at("api", "127.0.0.1:0", *base, count, &accepted);
    ASSERT_TRUE(listener) << listener.error();
    const FileDescriptor client = connect_to(**listener);
    const std::clock_t before = std::clock();
    {
        const NoDescriptors now;
        run_for(*base, kTime);
    }
    EXPECT_EQ(accepted, 0);
    // Trying without a rest would take the processor for all of that time.
    EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC * kTime.count() / 1000 / 4);
    run_for(*base, 5 * kAcceptRest);
    EXPECT_EQ(accepted, 1);
}

}  // namespace
}  // namespace sluis
