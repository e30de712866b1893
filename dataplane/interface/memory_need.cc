#include "dataplane/interface/memory_need.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>
#include <numeric>

namespace sluis {
namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();

std::uint64_t mebibytes(std::uint64_t bytes) { return (bytes + (1 << 20) - 1) >> 20; }

/// Bytes, and a map with a bit for each.
std::uint64_t buffer(std::uint64_t bytes) { return bytes + bytes / 8; }

std::uint64_t free_memory() {
    std::ifstream file("/proc/meminfo");
    std::string key, unit;
    for (std::uint64_t value = 0; file >> key >> value; std::getline(file, unit))
        if (key == "MemAvailable:") return value << 10;
    return kUnbounded;
}

/// The bound of this process's control group (version 2), where there is one.
std::uint64_t group_memory() {
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        if (line.rfind("0::", 0) != 0) continue;
        std::uint64_t bytes = 0;
        if (std::ifstream("/sys/fs/cgroup" + line.substr(3) + "/memory.max") >> bytes) return bytes;
    }
    return kUnbounded;
}

/// What is left of the address space that the process may map.
std::uint64_t address_space() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnbounded;
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const std::uint64_t used = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

const char* program_name = "";
const char* memory_advice = "";

void say_and_end() {
    const auto say = [](const char* text) {
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
    };
    say(program_name);
    say(": out of memory; ");
    say(memory_advice);
    say("\n");
    std::_Exit(EXIT_FAILURE);
}

}  // namespace

std::vector<MemoryShare> worker_memory(const Limits& limits) {
    const auto share = [](std::string_view limit, std::uint64_t value, std::uint64_t bytes_each) {
        return MemoryShare{limit, value, value * bytes_each};
    };
    // Bytes of the slots, their indices and timers; memory_need_test.cc compares them with what is taken.
    constexpr std::uint64_t kFlow = 930, kSmallStream = 2341, kLargeStream = 37, kHttp2Connection = 5228;
    constexpr std::uint64_t kForgottenHello = 16, kQuicConnection = 2964, kQuicLargeHello = 349;
    constexpr std::uint64_t kDatagram = 2048, kMonitoredFlow = 128;
    return {share("flows", limits.flows, kFlow),
            share("small_streams", limits.small_streams, kSmallStream),
            share("large_streams", limits.large_streams, kLargeStream + buffer(limits.stream_bytes)),
            share("forgotten_hellos", limits.forgotten_hellos, kForgottenHello),
            share("http2_connections", limits.http2_connections, kHttp2Connection),
            share("quic_connections", limits.quic_connections, kQuicConnection),
            share("quic_large_hellos", limits.quic_large_hellos, kQuicLargeHello + buffer(limits.crypto_bytes)),
            share("datagrams", limits.datagrams, kDatagram),
            share("monitored_flows", limits.monitored_flows, kMonitoredFlow)};
}

AvailableMemory available_memory() {
    const AvailableMemory all[]{
        {free_memory(), "free memory"}, {group_memory(), "the control group"}, {address_space(), "ulimit -v"}};
    return *std::min_element(std::begin(all), std::end(all),
                             [](const AvailableMemory& a, const AvailableMemory& b) { return a.bytes < b.bytes; });
}

tl::expected<void, std::string> check_memory(const Limits& limits, std::uint32_t workers, std::uint32_t dpdk_mib,
                                             const AvailableMemory& available) {
    const std::vector<MemoryShare> shares = worker_memory(limits);
    const auto larger = [](const MemoryShare& a, const MemoryShare& b) { return a.bytes < b.bytes; };
    const MemoryShare most = *std::max_element(shares.begin(), shares.end(), larger);
    const std::uint64_t each = std::accumulate(shares.begin(), shares.end(), std::uint64_t{0},
                                               [](std::uint64_t sum, const MemoryShare& s) { return sum + s.bytes; });
    const std::uint64_t dpdk = std::uint64_t{dpdk_mib} << 20;
    if (each * workers + dpdk <= available.bytes) return {};
    std::string text = "not enough memory: [limits] ask for " + std::to_string(mebibytes(each * workers)) + " MiB";
    if (workers > 1) text += " for " + std::to_string(workers) + " workers";
    text += " (" + std::to_string(mebibytes(most.bytes * workers)) + " MiB by " + std::string(most.limit) + " = " +
            std::to_string(most.value) + ")";
    if (dpdk_mib != 0) text += ", [eal] memory_mib for " + std::to_string(dpdk_mib) + " MiB";
    return tl::unexpected(text + ", and there are " + std::to_string(available.bytes >> 20) + " MiB (" +
                          std::string(available.bound) + "); lower what asks for most");
}

void end_without_memory(const char* program, const char* advice) {
    program_name = program;
    memory_advice = advice;
    std::set_new_handler(say_and_end);
}

}  // namespace sluis
