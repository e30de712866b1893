#include "dataplane/port/eal.h"

#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/interface/device_name.h"
#include "dataplane/interface/set_layout.h"

namespace sluis {
namespace {

/// The CPUs that this process may use, as "(0,1,5)".
std::string own_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::string text;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) text += (text.empty() ? "(" : ",") + std::to_string(cpu);
    return text + ")";
}

/// The workers' lcores as configured, or floating; and the last possible lcore for the main thread, which mostly
/// sleeps.
std::string lcore_map(const Config& config) {
    const std::string floating = "(0-" + std::to_string(total_workers(config) - 1) + ")@" + own_cpus();
    return (config.eal.cores.empty() ? floating : config.eal.cores) + "," + std::to_string(RTE_MAX_LCORE - 1) + "@" +
           own_cpus();
}

/// Whether a size of hugepages has a `count` ("nr_hugepages", "free_hugepages") that is not zero.
bool any_hugepage(const char* count_name) {
    std::error_code error;
    for (const auto& size : std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        std::uint64_t count = 0;
        if (std::ifstream(size.path() / count_name) >> count && count > 0) return true;
    }
    return false;
}

/// Standard output is ours: the EAL's own help, which it prints there when it dislikes an argument, would drown our
/// line.
class QuietOutput {
public:
    QuietOutput() : output_(::dup(STDOUT_FILENO)) {
        const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(nowhere, STDOUT_FILENO);
        ::close(nowhere);
    }
    ~QuietOutput() {
        std::fflush(stdout);
        ::dup2(output_, STDOUT_FILENO);
        ::close(output_);
    }
    QuietOutput(const QuietOutput&) = delete;
    QuietOutput& operator=(const QuietOutput&) = delete;

private:
    int output_;
};

int initialise(std::vector<std::string>& arguments) {
    const QuietOutput quiet;
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    return rte_eal_init(static_cast<int>(pointers.size()), pointers.data());
}

std::string start_error() {
    const std::string cause = rte_errno == 0 ? "" : " (" + std::string(std::strerror(rte_errno)) + ")";
    const std::string why = "DPDK's EAL does not start" + cause + "; ";
    if (rte_errno == EACCES || rte_errno == EPERM)
        return why + "run as root, or grant access to hugepages and /dev/vfio";
    // DPDK maps much address space that it never uses.
    rlimit space{};
    if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        return why + "the process's address space is limited to " + std::to_string(space.rlim_cur >> 20) +
               " MiB, which may be too little for it; run it with ulimit -v unlimited";
    return why + "see its lines above; is [eal] cores right, is there memory enough?";
}

tl::unexpected<std::string> no_hugepage(const std::string& what) {
    return tl::unexpected(what + "; reserve some (sysctl vm.nr_hugepages=512), or set [eal] hugepages = false");
}

}  // namespace

tl::expected<void, std::string> check_hugepages(const Config& config) {
    if (!config.eal.hugepages) return {};
    if (!any_hugepage("nr_hugepages")) return no_hugepage("this machine has no hugepages");
    return {};
}

std::vector<std::string> eal_arguments(const Config& config) {
    std::vector<std::string> arguments{"sluis-dataplane",
                                       "--file-prefix=" + config.eal.file_prefix,
                                       "--lcores=" + lcore_map(config),
                                       "--main-lcore=" + std::to_string(RTE_MAX_LCORE - 1),
                                       "--log-level=warning",
                                       "--no-telemetry"};
    // There are no secondary processes, so nothing of the EAL needs a file. Its sparse ones would end this process by
    // SIGBUS on a full /run, and files of hugepages would be shared by whoever uses the same prefix.
    if (config.eal.hugepages)
        arguments.emplace_back("--in-memory");
    else
        arguments.insert(arguments.end(), {"--no-shconf", "--no-huge", "-m", std::to_string(config.eal.memory_mib)});
    // Virtual devices are made later, one by one, for an error that names the one that is wrong.
    bool scans_bus = false, scans_pci = false;
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside}) {
            const DeviceName device = *parse_device_name(port);
            if (device.kind == DeviceKind::vdev) continue;
            scans_bus = true;
            scans_pci |= device.kind == DeviceKind::pci;
            arguments.insert(arguments.end(), {"-a", device.text()});
        }
    if (!scans_bus || !scans_pci) arguments.push_back("--no-pci");
    arguments.insert(arguments.end(), config.eal.arguments.begin(), config.eal.arguments.end());
    return arguments;
}

tl::expected<Eal, std::string> Eal::start(const Config& config) {
    if (config.eal.hugepages && !any_hugepage("free_hugepages")) return no_hugepage("no hugepage is free");
    std::vector<std::string> arguments = eal_arguments(config);
    if (initialise(arguments) < 0) return tl::unexpected(start_error());
    Eal eal;
    for (unsigned lcore = rte_get_next_lcore(-1u, 1, 0); lcore < RTE_MAX_LCORE; lcore = rte_get_next_lcore(lcore, 1, 0))
        eal.lcores_.push_back(lcore);
    if (eal.lcores_.size() < total_workers(config))
        return tl::unexpected("[eal] cores has " + std::to_string(eal.lcores_.size()) + " lcore(s) for " +
                              std::to_string(total_workers(config)) + " workers; write one each, as in \"0@0,1@0\"");
    return eal;
}

Eal::Eal(Eal&& other) noexcept : running_(std::exchange(other.running_, false)), lcores_(std::move(other.lcores_)) {}

Eal::~Eal() {
    if (running_) rte_eal_cleanup();
}

}  // namespace sluis
