#include "dataplane/preparation.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "dataplane/interface/bypass_bridge.h"
#include "dataplane/interface/core_list.h"
#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/device_name.h"
#include "dataplane/interface/event.h"
#include "dataplane/interface/group.h"
#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/policy.h"
#include "dataplane/interface/runtime_directory.h"
#include "dataplane/interface/set_layout.h"
#include "dataplane/port/device_claim.h"
#include "dataplane/port/device_presence.h"
#include "dataplane/port/eal.h"
#include "dataplane/port/inline_set.h"
#include "dataplane/port/kernel_interface.h"
#include "dataplane/port/log.h"

namespace sluis {
namespace {

std::string categories(const Rules& rules, bool enforced) {
    std::string text;
    const auto all = rules.set->categories();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (rules.policy.enforced[i] == enforced) text += (text.empty() ? "" : ", ") + std::string(all[i].name);
    return text.empty() ? "nothing" : text;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string memory_line(const Config& config) {
    std::uint64_t each = 0;
    for (const MemoryShare& share : worker_memory(config.limits)) each += share.bytes;
    return "keep     " + mebibytes(each) + " of tables for each of " + std::to_string(total_workers(config)) +
           " worker(s), and frames in " +
           (config.eal.hugepages ? "hugepages" : std::to_string(config.eal.memory_mib) + " MiB of ordinary memory");
}

/// Ordinary memory is given once and for all; of hugepages there may be more than is known.
tl::expected<void, std::string> check_frame_memory(const Config& config) {
    if (config.eal.hugepages) return {};
    std::uint64_t least = 0;
    for (const PairConfig& pair : config.pairs) least += least_frame_memory(pair, config.frames);
    if (least <= std::uint64_t{config.eal.memory_mib} << 20) return {};
    return tl::unexpected("[frames] buffers = " + std::to_string(config.frames.buffers) + " for each of " +
                          std::to_string(total_workers(config)) + " worker(s), with an MTU of " +
                          std::to_string(config.frames.mtu) + ", take more than " + mebibytes(least) +
                          ", and [eal] memory_mib is " + std::to_string(config.eal.memory_mib) +
                          "; give more, or ask for less");
}

/// What a start with this configuration took of ordinary memory.
std::uint64_t taken_by(const Config& config) {
    std::uint64_t each = 0;
    for (const MemoryShare& share : worker_memory(config.limits)) each += share.bytes;
    return each * total_workers(config) + (config.eal.hugepages ? 0 : std::uint64_t{config.eal.memory_mib} << 20);
}

/// What the counters and the events take in the runtime directory, bytes.
std::uint64_t runtime_room(const Config& config) {
    const std::uint64_t of_a_worker = sizeof(LiveCounters) + sizeof(EventRing);
    return sizeof(CountersHeader) + sizeof(EventsHeader) + total_workers(config) * of_a_worker;
}

tl::expected<void, std::string> check_command_group(const std::string& name) {
    if (name.empty()) return {};
    if (const auto found = find_group(kCommandGroup, name); !found) return tl::unexpected(found.error());
    return {};
}

/// DPDK starts a thread on each CPU, and ends the process where there is none.
tl::expected<void, std::string> check_cpus(const std::string& cores) {
    if (cores.empty()) return {};
    const auto list = parse_core_list(cores);
    if (!list) return tl::unexpected("[eal] cores " + list.error());
    for (const std::uint32_t cpu : list->cpus)
        if (!std::filesystem::exists("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_id"))
            return tl::unexpected("[eal] cores has CPU " + std::to_string(cpu) +
                                  ", which this machine does not have; lscpu -e lists those that it has");
    return {};
}

/// DPDK ends the process by a panic when it cannot open what it has to.
tl::expected<void, std::string> check_open_files() {
    constexpr rlim_t kNeeded = 128;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= kNeeded) return {};
    return tl::unexpected("this process may have " + std::to_string(files.rlim_cur) + " open files only, and needs " +
                          std::to_string(kNeeded) + "; run it with ulimit -n 1024");
}

tl::expected<void, std::string> check_devices(const Config& config) {
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside}) {
            const DeviceName device = *parse_device_name(port);
            if (const auto present = check_presence(device, pair.follow_link); !present)
                return tl::unexpected("pair " + pair.name + ": " + present.error());
            // Hardware reaches frames by addresses on its bus, which buffers in ordinary memory have not got.
            if (device.kind != DeviceKind::vdev && !config.eal.hugepages)
                return tl::unexpected("pair " + pair.name + ": " +
                                      (device.kind == DeviceKind::pci ? "PCI device " : "") + device.name +
                                      " needs hugepages; set [eal] hugepages = true");
        }
    return {};
}

/// The dataplane that has to end before a start, which a check of its next configuration does not ask for.
std::string running_one(const std::string& runtime_directory) {
    const auto counters = CountersView::open(runtime_directory);
    if (!counters) return "";
    const std::string pid = std::to_string(counters->header().pid);
    std::string name;
    if (!std::getline(std::ifstream("/proc/" + pid + "/comm"), name) || name != "sluis-dataplane") return "";
    return "sluis-dataplane (pid " + pid + ") runs with the directory " + runtime_directory + "; it has to end first";
}

bool uses_packet_sockets(const Config& config) {
    const auto is_one = [](const std::string& port) {
        const DeviceName device = *parse_device_name(port);
        return device.driven_by("net_af_packet") || device.driven_by("eth_af_packet");
    };
    return std::any_of(config.pairs.begin(), config.pairs.end(),
                       [&](const PairConfig& pair) { return is_one(pair.inside) || is_one(pair.outside); });
}

bool may_open_packet_sockets() {
    const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (socket >= 0) ::close(socket);
    return socket >= 0;
}

/// What a start may yet meet that is no fault of the configuration: it depends on the moment and on the user.
std::vector<std::string> reservations(const Config& config) {
    std::vector<std::string> notes;
    if (std::string other = running_one(config.runtime_directory); !other.empty()) notes.push_back(std::move(other));
    if (const auto claim = DeviceClaim::take(config); !claim) notes.push_back(claim.error());
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside}) {
            const std::string name = parse_device_name(port)->argument("iface").value_or("");
            if (const std::string bridge = bridge_of(name); !bridge.empty() && !is_bypass_bridge(bridge))
                notes.push_back("interface " + name + " is a port of the kernel's bridge " + bridge +
                                ", which may forward past sluis-dataplane; run: ip link set dev " + name + " nomaster");
        }
    if (uses_packet_sockets(config) && !may_open_packet_sockets())
        notes.emplace_back("this user may open no packet socket; start it as root, or with CAP_NET_RAW");
    if (!config.eal.arguments.empty()) notes.emplace_back("[eal] arguments are DPDK's to judge, at the start");
    return notes;
}

/// Nothing where there is no such file, or none that goes with the rules.
std::shared_ptr<const ZoneImage> load_zones(const std::string& path, const RuleSet& rules) {
    std::ifstream file(path, std::ios::binary);
    if (path.empty() || !file) return nullptr;
    std::vector<char> text;
    for (std::array<char, 65536> part; text.size() <= kZoneTableLimit && (file.read(part.data(), part.size()), true);) {
        text.insert(text.end(), part.begin(), part.begin() + file.gcount());
        if (!file) break;
    }
    const Bytes bytes = std::as_bytes(std::span(text));
    auto zones = ZoneImage::load({bytes.begin(), bytes.end()});
    std::string wrong = zones ? "" : zones.error();
    if (zones && (*zones)->table().rule_set_digest() != rules.digest()) wrong = "it was made for another rule set";
    if (wrong.empty()) return *zones;
    log(LogLevel::warn, {{"event", "zones_not_used"}, {"file", path}, {"reason", wrong}});
    return nullptr;
}

}  // namespace

tl::expected<Rules, std::string> load_rules(const Config& config) {
    Rules rules;
    auto set = RuleSet::load_file(config.rules);
    if (!set) return tl::unexpected(set.error());
    rules.set = std::move(*set);
    rules.zones = load_zones(config.zones, *rules.set);
    auto policy = make_policy(config, *rules.set);
    if (!policy) return tl::unexpected(policy.error());
    rules.policy = std::move(*policy);
    return rules;
}

tl::expected<void, std::string> check_machine(const Config& config, const Config* running) {
    const auto fit =
        check_open_files()
            .and_then([&] { return check_devices(config); })
            .and_then([&] { return check_cpus(config.eal.cores); })
            .and_then([&] { return check_command_group(config.command_group); })
            .and_then([&] { return check_runtime_directory(config.runtime_directory, runtime_room(config)); })
            .and_then([&] { return check_hugepages(config); })
            .and_then([&] { return check_frame_memory(config); });
    if (!fit) return fit;
    AvailableMemory available = available_memory();
    if (running != nullptr) available.bytes += taken_by(*running);
    return check_memory(config.limits, total_workers(config), config.eal.hugepages ? 0 : config.eal.memory_mib,
                        available);
}

std::string describe(const Config& config, const Rules& rules) {
    std::string text;
    const auto line = [&text](const std::string& content) { text += "  " + content + "\n"; };
    for (const PairConfig& pair : config.pairs)
        line("bridge   " + pair.name + ": " + pair.inside + " (inside) and " + pair.outside + " (outside), " +
             std::to_string(pair.workers) + " worker(s), MTU " + std::to_string(config.frames.mtu) +
             (pair.set.empty() ? "" : ", a link of " + pair.set) +
             (pair.mode == PairMode::in_line ? "" : ", " + std::string(name(pair.mode))));
    for (const PairConfig& pair : config.pairs)
        for (const std::string& port : {pair.inside, pair.outside})
            if (const auto interface = find_interface(parse_device_name(port)->argument("iface").value_or(""));
                interface)
                line("         " + interface->name + " has an MTU of " + std::to_string(interface->mtu) + " itself");
    line("refuse   " + categories(rules, true) + " (DNS: " + (config.refusal.sinkhole ? "sinkhole" : "nxdomain") + ")");
    line("count    " + categories(rules, false));
    line("by       " + std::to_string(rules.set->size()) + " rules of " + config.rules + ", digest " +
         std::string(rules.set->digest()));
    if (rules.zones != nullptr)
        line("for      " + std::to_string(rules.zones->table().zone_count()) + " zones of " + config.zones +
             ", which say what is refused to whom");
    line(memory_line(config));
    line("write    " + counters_path(config.runtime_directory));
    for (const std::string& note : reservations(config)) line("but      " + note);
    return text;
}

}  // namespace sluis
