// Descriptors 0 to 2, in a child process each: gtest needs its own.
#include "dataplane/interface/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

namespace sluis {
namespace {

/// The exit status of a child that does this.
int status_of(const std::function<int()>& act) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(act());
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// By its number: an emulator of another processor opens the device of that one's system, at a path of its own.
bool is_null_device(int descriptor) {
    struct stat opened {
    }, null_device{};
    return ::fstat(descriptor, &opened) == 0 && ::stat("/dev/null", &null_device) == 0 && S_ISCHR(opened.st_mode) &&
           opened.st_rdev == null_device.st_rdev;
}

TEST(StandardStreams, WhatIsClosedBecomesTheNullDevice) {
    EXPECT_EQ(0, status_of([] {
                  for (const int descriptor : {0, 1, 2}) ::close(descriptor);
                  open_standard_streams();
                  for (const int descriptor : {0, 1, 2})
                      if (!is_null_device(descriptor)) return 1 + descriptor;
                  return ::open("/dev/null", O_RDONLY) > 2 ? 0 : 9;
              }));
}

TEST(StandardStreams, WhatIsOpenStaysAsItIs) {
    EXPECT_EQ(0, status_of([] {
                  const int other = ::open("/dev/zero", O_RDWR);
                  ::dup2(other, 0);
                  ::close(1);
                  ::dup2(other, 2);
                  open_standard_streams();
                  return is_null_device(1) && !is_null_device(0) && !is_null_device(2) ? 0 : 1;
              }));
}

TEST(StandardStreams, AFullDiskIsNoticedBeforeAndAfterTheBufferIsFull) {
    for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 20})
        EXPECT_EQ(0, status_of([&] {
                      const int full = ::open("/dev/full", O_WRONLY);
                      ::dup2(full, 1);
                      return print_to_standard_output("test", std::string(size, 'x')) ? 1 : 0;
                  }));
    EXPECT_EQ(0, status_of([] {
                  ::dup2(::open("/dev/null", O_WRONLY), 1);
                  return print_to_standard_output("test", "x") ? 0 : 1;
              }));
}

}  // namespace
}  // namespace sluis
