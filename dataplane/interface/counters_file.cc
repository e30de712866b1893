#include "dataplane/interface/counters_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace sluis {
namespace {

constexpr std::size_t kBlocksOffset = sizeof(CountersHeader);
static_assert(kBlocksOffset % alignof(LiveCounters) == 0);

// Adding and copying go over the block as the array of 64-bit counts that it is.
constexpr std::size_t kCounts = sizeof(WorkerCounters) / sizeof(std::uint64_t);
using Counts = std::array<std::uint64_t, kCounts>;
static_assert(sizeof(Counts) == sizeof(WorkerCounters));

constexpr const char* kAdvice = "set [runtime] directory to one that this user may write to";

class FileDescriptor {
public:
    explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    operator int() const noexcept { return fd_; }

private:
    int fd_;
};

tl::unexpected<std::string> system_error(const std::string& what, const std::string& advice) {
    return tl::unexpected(what + ": " + std::strerror(errno) + "; " + advice);
}

template <std::size_t Size>
std::string terminated(const char (&name)[Size]) {
    return {name, ::strnlen(name, Size)};
}

/// As `terminated`, of what may change meanwhile.
template <std::size_t Size>
std::string shared_text(const char (&text)[Size]) {
    char copy[Size];
    load_shared_bytes(copy, text, Size);
    return terminated(copy);
}

/// The first character is written last (Generation): once it is there, so is the rest.
template <std::size_t Size>
std::string label_in(const char (&slot)[Size]) {
    return __atomic_load_n(&slot[0], __ATOMIC_ACQUIRE) == '\0' ? "" : shared_text(slot);
}

template <std::size_t Size>
void store_terminated(char (&name)[Size], const std::string& text) {
    text.copy(name, Size - 1);
}

void name_pairs(CountersHeader& header, std::span<const CountedPair> pairs) {
    for (const CountedPair& pair : pairs) {
        PairPorts& ports = header.pair_ports[header.pairs++];
        store_terminated(ports.name, pair.name);
        store_terminated(ports.set, pair.set);
        ports.link = pair.link;
    }
}

void fill_header(CountersHeader& header, std::span<const std::string> pair_of_worker,
                 std::span<const CountedPair> pairs) {
    header.magic = kCountersMagic;
    header.version = kCountersVersion;
    header.block_size = sizeof(WorkerCounters);
    header.blocks_offset = kBlocksOffset;
    header.workers = static_cast<std::uint32_t>(pair_of_worker.size());
    header.reasons = static_cast<std::uint32_t>(kReasonCount);
    header.pid = static_cast<std::uint32_t>(::getpid());
    for (std::size_t i = 0; i < pair_of_worker.size(); ++i)
        store_terminated(header.pair_of_worker[i], pair_of_worker[i]);
    name_pairs(header, pairs);
}

}  // namespace

std::string counters_path(const std::string& runtime_directory) { return runtime_directory + "/counters"; }

SharedMapping::SharedMapping(SharedMapping&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedMapping& SharedMapping::operator=(SharedMapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
}

SharedMapping::~SharedMapping() {
    if (address_ != nullptr) ::munmap(address_, size_);
}

CountersFile::CountersFile(CountersFile&& other) noexcept
    : path_(std::move(other.path_)),
      published_(std::exchange(other.published_, true)),
      mapping_(std::move(other.mapping_)),
      workers_(other.workers_) {}

CountersFile::~CountersFile() {
    if (!published_) ::unlink(temporary().c_str());
}

tl::expected<CountersFile, std::string> CountersFile::create(const std::string& runtime_directory,
                                                             std::span<const std::string> pair_of_worker) {
    std::vector<CountedPair> pairs;
    for (auto pair = pair_of_worker.begin(); pair != pair_of_worker.end(); ++pair)
        if (std::find(pair_of_worker.begin(), pair, *pair) == pair) pairs.push_back({*pair});
    return create(runtime_directory, pair_of_worker, pairs);
}

tl::expected<CountersFile, std::string> CountersFile::create(const std::string& runtime_directory,
                                                             std::span<const std::string> pair_of_worker,
                                                             std::span<const CountedPair> pairs) {
    if (pair_of_worker.size() > kMaxCountersBlocks || pairs.size() > kMaxCountersBlocks)
        return tl::unexpected(std::string("too many workers for a counters file"));
    if (::mkdir(runtime_directory.c_str(), 0755) != 0 && errno != EEXIST)
        return system_error("cannot make the directory " + runtime_directory, kAdvice);
    CountersFile counters(counters_path(runtime_directory), pair_of_worker.size());
    if (const auto filled = counters.fill(pair_of_worker, pairs); !filled) return tl::unexpected(filled.error());
    return counters;
}

tl::expected<void, std::string> CountersFile::fill(std::span<const std::string> pair_of_worker,
                                                   std::span<const CountedPair> pairs) {
    const std::string name = temporary();
    ::unlink(name.c_str());
    const FileDescriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    const std::size_t size = kBlocksOffset + workers_ * sizeof(WorkerCounters);
    if (file < 0 || ::fchmod(file, 0640) != 0) return system_error("cannot make " + name, kAdvice);
    // posix_fallocate, since a write to a mapped page that the file system has no room for would kill the process.
    if ((errno = ::posix_fallocate(file, 0, static_cast<off_t>(size))) != 0)
        return system_error("cannot make " + name, "make room on its file system");
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (address == MAP_FAILED) return system_error("cannot map " + name, kAdvice);
    mapping_ = SharedMapping(address, size);
    fill_header(header(), pair_of_worker, pairs);
    return {};
}

tl::expected<void, std::string> CountersFile::publish() {
    if (std::rename(temporary().c_str(), path_.c_str()) != 0) return system_error("cannot make " + path_, kAdvice);
    published_ = true;
    return {};
}

LiveCounters& CountersFile::worker(std::size_t index) noexcept {
    return reinterpret_cast<LiveCounters*>(mapping_.data() + kBlocksOffset)[index];
}

void CountersFile::name_rules(std::uint64_t generation, std::string_view digest) noexcept {
    CountersHeader& to = header();
    store_shared(to.rule_generation, 0);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    store_shared_bytes(to.rule_digest, digest.data(), std::min(digest.size(), sizeof to.rule_digest));
    __atomic_store_n(&to.rule_generation, generation, __ATOMIC_RELEASE);
}

void CountersFile::name_config(std::string_view digest) noexcept {
    char(&to)[64] = header().config_digest;
    store_shared_bytes(to, digest.data(), std::min(digest.size(), sizeof to));
}

void CountersFile::set_pair_mode(std::size_t pair, const PairModeRecord& record) noexcept {
    PairModeRecord& to = header().pair_modes[pair];
    const std::uint64_t next = to.changing + 2;
    store_shared(to.changing, next - 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    constexpr std::size_t kSkipped = sizeof to.changing;
    store_shared_bytes(reinterpret_cast<std::byte*>(&to) + kSkipped,
                       reinterpret_cast<const std::byte*>(&record) + kSkipped, sizeof to - kSkipped);
    __atomic_store_n(&to.changing, next, __ATOMIC_RELEASE);
}

tl::expected<CountersView, std::string> CountersView::open(const std::string& runtime_directory) {
    const std::string path = counters_path(runtime_directory);
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0)
        return system_error("cannot read " + path,
                            errno == EACCES ? "run as root, or as the user that sluis-dataplane runs as"
                                            : "start sluis-dataplane, or name its runtime directory by --runtime");
    const auto size = static_cast<std::size_t>(status.st_size);
    const std::string foreign =
        path + " is no counters file of this version; use the sluisctl that came with the dataplane";
    if (!S_ISREG(status.st_mode) || size < sizeof(CountersHeader)) return tl::unexpected(foreign);
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (address == MAP_FAILED) return system_error("cannot map " + path, "check its mode");
    CountersView view(SharedMapping(address, size));
    const CountersHeader& header = view.header();
    view.workers_ = __atomic_load_n(&header.workers, __ATOMIC_RELAXED);
    view.pairs_ = __atomic_load_n(&header.pairs, __ATOMIC_RELAXED);
    const bool known = header.magic == kCountersMagic && header.version == kCountersVersion &&
                       header.block_size == sizeof(WorkerCounters) && header.reasons == kReasonCount &&
                       header.blocks_offset == kBlocksOffset && view.workers_ <= kMaxCountersBlocks &&
                       view.pairs_ <= kMaxCountersBlocks &&
                       size >= kBlocksOffset + view.workers_ * sizeof(WorkerCounters);
    if (!known) return tl::unexpected(foreign);
    return view;
}

std::string CountersView::pair_of_worker(std::size_t index) const { return terminated(header().pair_of_worker[index]); }

/// A writer that ended in the middle of a change would keep a reader for ever: it gives up after some tries.
CountersView::RulesInForce CountersView::rules() const {
    constexpr int kTries = 1000;
    for (int tries = 0; tries < kTries; ++tries) {
        const std::uint64_t before = __atomic_load_n(&header().rule_generation, __ATOMIC_ACQUIRE);
        RulesInForce rules{before, shared_text(header().rule_digest)};
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before != 0 && load_shared(header().rule_generation) == before) return rules;
    }
    return {};
}

PairModeRecord CountersView::pair_mode(std::size_t pair) const noexcept {
    constexpr int kTries = 1000;
    const PairModeRecord& from = header().pair_modes[pair];
    for (int tries = 0; tries < kTries; ++tries) {
        const std::uint64_t before = __atomic_load_n(&from.changing, __ATOMIC_ACQUIRE);
        PairModeRecord copy;
        load_shared_bytes(&copy, &from, sizeof copy);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 != 0 || load_shared(from.changing) != before) continue;
        copy.author[sizeof copy.author - 1] = copy.reason[sizeof copy.reason - 1] = '\0';
        return copy;
    }
    return {};
}

std::string CountersView::config_digest() const { return shared_text(header().config_digest); }

std::string CountersView::zone(std::size_t slot) const {
    return slot + 1 == kZoneSlots ? "other" : label_in(header().labels.zones[slot]);
}

std::string CountersView::category(std::size_t slot) const {
    return slot + 1 == kCategorySlots ? "other" : label_in(header().labels.categories[slot]);
}

std::string CountersView::pair(std::size_t index) const { return terminated(header().pair_ports[index].name); }

std::string CountersView::set(std::size_t index) const { return terminated(header().pair_ports[index].set); }

std::string CountersView::set_or_pair(std::size_t index) const {
    std::string name = set(index);
    return name.empty() ? pair(index) : name;
}

PortTraffic CountersView::traffic(std::size_t pair, Side side) const {
    const PairPorts& place = header().pair_ports[pair];
    const std::string name = set_or_pair(pair);
    const auto at = static_cast<std::size_t>(side);
    PortTraffic sum;
    const auto add_counts = [&](const auto& counts) {
        sum.rx_frames += counts.rx_frames[at];
        sum.rx_bytes += counts.rx_bytes[at];
        sum.tx_frames += counts.tx_frames[at];
        sum.tx_bytes += counts.tx_bytes[at];
    };
    for (std::size_t i = 0; i < workers(); ++i) {
        if (pair_of_worker(i) != name) continue;
        const LiveCounters& counts = block(i);
        place.set[0] == '\0' ? add_counts(counts) : add_counts(counts.links[place.link % kMaxSetPairs]);
    }
    return sum;
}

PortCounters CountersView::port(std::size_t pair, Side side) const noexcept {
    const PortCounters& from = header().pair_ports[pair].ports[static_cast<std::size_t>(side)];
    return {load_shared(from.missed_frames), load_shared(from.link_changes), load_shared(from.link),
            load_shared(from.held_down)};
}

WorkerCounters CountersView::worker(std::size_t index) const noexcept { return copy_of(block(index)); }

const LiveCounters& CountersView::block(std::size_t index) const noexcept {
    return reinterpret_cast<const LiveCounters*>(mapping_.data() + kBlocksOffset)[index];
}

std::uint64_t CountersView::heartbeat(std::size_t index) const noexcept { return block(index).heartbeat; }

WorkerCounters copy_of(const LiveCounters& counters) noexcept {
    Counts counts;
    const auto* from = reinterpret_cast<const SharedCount*>(&counters);
    std::copy_n(from, kCounts, counts.begin());
    return std::bit_cast<WorkerCounters>(counts);
}

void add(WorkerCounters& sum, const WorkerCounters& more) noexcept {
    auto total = std::bit_cast<Counts>(sum);
    const auto counts = std::bit_cast<Counts>(more);
    std::transform(total.begin(), total.end(), counts.begin(), total.begin(), std::plus<>());
    sum = std::bit_cast<WorkerCounters>(total);
}

std::int64_t balance(const WorkerCounters& counters) noexcept {
    const auto sum = [](const auto& values) { return std::accumulate(values.begin(), values.end(), std::uint64_t{0}); };
    return static_cast<std::int64_t>(sum(counters.rx_frames) + counters.injected_frames - sum(counters.tx_frames) -
                                     counters.held_frames - sum(counters.drops));
}

}  // namespace sluis
