#include "dataplane/interface/events_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "dataplane/interface/group.h"

namespace sluis {
namespace {

constexpr std::size_t kRingsOffset = sizeof(EventsHeader);
static_assert(kRingsOffset % alignof(EventRing) == 0);
constexpr const char* kAdvice = "set [runtime] directory to one that this user may write to";

tl::unexpected<std::string> system_error(const std::string& what, const std::string& advice) {
    return tl::unexpected(what + ": " + std::strerror(errno) + "; " + advice);
}

void fill_header(EventsHeader& header, std::span<const std::string> pair_of_worker) {
    header.magic = kEventsMagic;
    header.version = kEventsVersion;
    header.ring_size = sizeof(EventRing);
    header.rings_offset = kRingsOffset;
    header.workers = static_cast<std::uint32_t>(pair_of_worker.size());
    header.pid = static_cast<std::uint32_t>(::getpid());
    for (std::size_t i = 0; i < pair_of_worker.size(); ++i)
        pair_of_worker[i].copy(header.pair_of_worker[i], sizeof header.pair_of_worker[i] - 1);
}

tl::expected<SharedMapping, std::string> map(const FileDescriptor& file, const std::string& path, std::size_t size) {
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) return system_error("cannot map " + path, kAdvice);
    return SharedMapping(address, size);
}

/// Room for all of it, since a write to a mapped page without any would kill the process; and who may read it.
tl::expected<void, std::string> prepare(const FileDescriptor& file, const std::string& name, std::size_t size,
                                        const std::string& group) {
    if ((errno = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size))) != 0)
        return system_error("cannot make " + name, "make room on its file system");
    if (group.empty()) return {};
    const auto id = find_group(kCommandGroup, group);
    if (!id) return tl::unexpected(id.error());
    if (::fchown(file.get(), static_cast<uid_t>(-1), *id) == 0 && ::fchmod(file.get(), 0660) == 0) return {};
    return system_error("cannot give " + name + " to the group " + group, "run as root, or as one of that group");
}

}  // namespace

std::string events_path(const std::string& runtime_directory) { return runtime_directory + "/events"; }

tl::expected<EventsFile, std::string> EventsFile::create(const std::string& runtime_directory, const std::string& group,
                                                         std::span<const std::string> pair_of_worker) {
    if (pair_of_worker.size() > kMaxCountersBlocks)
        return tl::unexpected<std::string>("too many workers for an events file");
    const std::string path = events_path(runtime_directory), name = path + ".new";
    ::unlink(name.c_str());
    const FileDescriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return system_error("cannot make " + name, kAdvice);
    const std::size_t size = kRingsOffset + pair_of_worker.size() * sizeof(EventRing);
    if (const auto prepared = prepare(file, name, size, group); !prepared) return tl::unexpected(prepared.error());
    auto mapping = map(file, name, size);
    if (!mapping) return tl::unexpected(mapping.error());
    fill_header(*reinterpret_cast<EventsHeader*>(mapping->data()), pair_of_worker);
    return EventsFile(path, std::move(*mapping));
}

EventsFile::EventsFile(EventsFile&& other) noexcept
    : path_(std::move(other.path_)),
      published_(std::exchange(other.published_, true)),
      mapping_(std::move(other.mapping_)) {}

EventsFile::~EventsFile() {
    if (!published_) ::unlink(temporary().c_str());
}

tl::expected<void, std::string> EventsFile::publish() {
    if (std::rename(temporary().c_str(), path_.c_str()) != 0) return system_error("cannot make " + path_, kAdvice);
    published_ = true;
    return {};
}

EventRing& EventsFile::ring(std::size_t worker) noexcept {
    return reinterpret_cast<EventRing*>(mapping_.data() + kRingsOffset)[worker];
}

tl::expected<EventReader, std::string> EventReader::open(const std::string& runtime_directory) {
    const std::string path = events_path(runtime_directory);
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0)
        return system_error("cannot read " + path, errno == EACCES
                                                       ? "run as root, or as a member of [runtime] command_group"
                                                       : "start sluis-dataplane, or name its runtime directory");
    const std::string foreign = path + " is no events file of this version";
    const auto size = static_cast<std::size_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || size < sizeof(EventsHeader)) return tl::unexpected(foreign);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return tl::unexpected(path + " is read by another program already; only one can");
    auto mapping = map(file, path, size);
    if (!mapping) return tl::unexpected(mapping.error());
    EventReader reader(path, std::move(file), std::move(*mapping));
    const EventsHeader& header = reader.header();
    reader.workers_ = __atomic_load_n(&header.workers, __ATOMIC_RELAXED);
    const bool known = header.magic == kEventsMagic && header.version == kEventsVersion &&
                       header.ring_size == sizeof(EventRing) && header.rings_offset == kRingsOffset &&
                       reader.workers_ <= kMaxCountersBlocks &&
                       size >= kRingsOffset + reader.workers_ * sizeof(EventRing);
    if (!known) return tl::unexpected(foreign);
    return reader;
}

std::string EventReader::pair_of_worker(std::size_t worker) const {
    const char(&name)[16] = header().pair_of_worker[worker];
    return {name, ::strnlen(name, sizeof name)};
}

EventRing& EventReader::ring(std::size_t worker) const noexcept {
    return reinterpret_cast<EventRing*>(mapping_.data() + kRingsOffset)[worker];
}

std::optional<Event> EventReader::take(std::size_t worker) noexcept {
    EventRing& from = ring(worker);
    const std::uint64_t head = __atomic_load_n(&from.head, __ATOMIC_ACQUIRE);
    const std::uint64_t tail = __atomic_load_n(&from.tail, __ATOMIC_RELAXED);
    if (tail == head) return std::nullopt;
    const Event event = from.events[tail % kEventRingSize];
    __atomic_store_n(&from.tail, tail + 1, __ATOMIC_RELEASE);
    return event;
}

std::uint64_t EventReader::lost(std::size_t worker) const noexcept {
    return __atomic_load_n(&ring(worker).lost, __ATOMIC_RELAXED);
}

bool EventReader::is_outdated() const noexcept {
    struct stat mine {
    }, there{};
    return ::fstat(file_.get(), &mine) != 0 || ::stat(path_.c_str(), &there) != 0 || mine.st_ino != there.st_ino ||
           mine.st_dev != there.st_dev;
}

}  // namespace sluis
