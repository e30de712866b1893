#include "control/cli/support_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "control/cli/redaction.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

namespace fs = std::filesystem;

/// Bytes of one file at the most; of a log its end.
constexpr std::size_t kFactLimit = 256 << 10, kLogLimit = 2 << 20;

std::string read_some(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return "cannot be read\n";
    std::string text(kFactLimit, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

std::vector<fs::path> entries(const fs::path& folder) {
    std::error_code failed;
    std::vector<fs::path> found;
    for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed))
        found.push_back(entry->path());
    std::sort(found.begin(), found.end());
    return found;
}

/// "name: value" of files that have one line each.
std::string values(const fs::path& folder, std::initializer_list<const char*> names) {
    std::string text;
    for (const char* name : names) {
        std::ifstream file(folder / name);
        std::string line;
        if (file && std::getline(file, line)) text += fmt::format("  {}: {}\n", name, one_line(line));
    }
    return text;
}

/// No MAC address, and nothing of the machine's own addresses.
std::string interfaces() {
    std::string text;
    for (const fs::path& link : entries("/sys/class/net")) {
        std::error_code failed;
        const fs::path driver = fs::read_symlink(link / "device/driver", failed).filename();
        text +=
            fmt::format("{}\n  driver: {}\n", one_line(link.filename().string()), failed ? "none" : driver.string());
        text += values(link, {"operstate", "carrier", "carrier_changes", "mtu", "speed", "duplex", "flags"});
        text += values(link / "device", {"vendor", "device", "numa_node"});
        text += values(link / "statistics", {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped",
                                             "rx_missed_errors", "rx_errors", "tx_errors", "tx_dropped"});
    }
    return text;
}

std::string huge_pages() {
    std::string text;
    for (const fs::path& size : entries("/sys/kernel/mm/hugepages"))
        text += size.filename().string() + "\n" +
                values(size, {"nr_hugepages", "free_hugepages", "resv_hugepages", "surplus_hugepages"});
    return text + "transparent\n" + values("/sys/kernel/mm/transparent_hugepage", {"enabled", "defrag"});
}

/// PCI devices that DPDK may drive: what they are, and which driver has them.
std::string devices() {
    std::string text;
    for (const fs::path& device : entries("/sys/bus/pci/devices")) {
        std::ifstream file(device / "class");
        std::string kind;
        if (!file || !std::getline(file, kind) || !kind.starts_with("0x02")) continue;
        std::error_code failed;
        const fs::path driver = fs::read_symlink(device / "driver", failed).filename();
        text += fmt::format("{}\n  driver: {}\n", device.filename().string(), failed ? "none" : driver.string());
        text += values(device, {"vendor", "device", "subsystem_vendor", "subsystem_device", "numa_node",
                                "current_link_speed", "current_link_width"});
    }
    return text.empty() ? "no network device on PCI\n" : text;
}

/// Only parameters of the kernel that matter here: others may be anybody's.
std::string kernel_parameters() {
    const std::string line = read_some("/proc/cmdline");
    std::string text;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = std::min(line.find_first_of(" \n", at), line.size());
        const std::string word = line.substr(at, end - at);
        for (const char* known : {"hugepages", "hugepagesz", "default_hugepagesz", "isolcpus", "nohz_full", "rcu_nocbs",
                                  "iommu", "intel_iommu", "amd_iommu", "mitigations", "transparent_hugepage"})
            if (word.substr(0, word.find('=')) == known) text += one_line(word) + "\n";
        at = end + 1;
    }
    return text;
}

std::string journal(const std::string& unit) {
    const std::string command =
        "journalctl --no-pager --quiet --output=short-iso-precise --lines=5000 --unit=" + unit + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), ::pclose);
    if (pipe == nullptr) return "journalctl cannot be run\n";
    std::string text;
    std::array<char, 65536> room;
    while (const std::size_t count = std::fread(room.data(), 1, room.size(), pipe.get())) {
        text.append(room.data(), count);
        if (text.size() > 2 * kLogLimit) text.erase(0, text.size() - kLogLimit);
    }
    std::string clean;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        clean += without_addresses(one_line(text.substr(at, end - at))) + "\n";
        at = end + 1;
    }
    return clean;
}

}  // namespace

std::vector<ArchiveFile> machine_facts() {
    return {{"machine/kernel.txt", read_some("/proc/version") + kernel_parameters()},
            {"machine/system.txt", read_some("/etc/os-release")},
            {"machine/memory.txt", read_some("/proc/meminfo")},
            {"machine/hugepages.txt", huge_pages()},
            {"machine/processors.txt", read_some("/proc/cpuinfo")},
            {"machine/load.txt", read_some("/proc/loadavg") + read_some("/proc/uptime")},
            {"machine/interfaces.txt", interfaces()},
            {"machine/devices.txt", devices()},
            {"log/sluis-control.txt", journal("sluis-control.service")},
            {"log/sluis-dataplane.txt", journal("sluis-dataplane.service")}};
}

}  // namespace sluis
