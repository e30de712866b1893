#include "dataplane/interface/trace_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/interface/memory_need.h"
#include "dataplane/interface/sealed_memory.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace sluis {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW;

tl::unexpected<std::string> no_memory(int error) {
    return tl::unexpected(std::string("no memory for a trace: ") + std::strerror(error) + "; ask for fewer frames");
}

std::uint64_t records_offset(std::size_t lanes) { return sizeof(TraceHeader) + lanes * sizeof(TraceLane); }

bool is_sound(const TraceHeader& header, std::uint64_t size) {
    return header.magic == kTraceMagic && header.version == kTraceVersion && header.reasons == kReasonCount &&
           header.lanes != 0 && header.lanes <= kMaxCountersBlocks &&
           header.records_offset == records_offset(header.lanes) && header.lane_size <= kTraceMemoryLimit &&
           header.lane_size % alignof(TraceRecord) == 0 && header.snap <= kTraceSnapLimit &&
           size >= header.records_offset + header.lanes * header.lane_size;
}

}  // namespace

tl::expected<TraceFile, std::string> TraceFile::create(std::span<const std::string> pair_of_worker,
                                                       std::uint64_t lane_size, std::uint32_t snap) {
    const std::uint64_t offset = records_offset(pair_of_worker.size());
    const std::size_t size = offset + pair_of_worker.size() * lane_size;
    if (available_memory().bytes < size + kSpareMemory) return no_memory(ENOMEM);
    FileDescriptor file(::memfd_create("sluis-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file.valid()) return no_memory(errno);
    if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0)
        return no_memory(error);
    void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
    if (address == MAP_FAILED) return no_memory(errno);
    SharedMapping mapping(address, size);
    if (::fcntl(file.get(), F_ADD_SEALS, kSeals | F_SEAL_FUTURE_WRITE) != 0) return no_memory(errno);
    TraceFile made(std::move(file), std::move(mapping));
    TraceHeader& header = made.header();
    header.magic = kTraceMagic;
    header.version = kTraceVersion;
    header.lanes = static_cast<std::uint32_t>(pair_of_worker.size());
    header.lane_size = lane_size;
    header.records_offset = offset;
    header.snap = snap;
    header.reasons = static_cast<std::uint32_t>(kReasonCount);
    for (std::size_t i = 0; i < pair_of_worker.size(); ++i)
        pair_of_worker[i].copy(made.lane(i).pair, sizeof(TraceLane::pair) - 1);
    return made;
}

std::span<std::byte> TraceFile::records(std::size_t worker) noexcept {
    return {mapping_.data() + header().records_offset + worker * header().lane_size, header().lane_size};
}

tl::expected<TraceReader, std::string> TraceReader::open(FileDescriptor file) {
    const auto refuse = [] { return tl::unexpected<std::string>("the dataplane's trace is of another version"); };
    struct stat status {};
    const int seals = ::fcntl(file.get(), F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals || ::fstat(file.get(), &status) != 0) return refuse();
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size < sizeof(TraceHeader)) return refuse();
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (address == MAP_FAILED) return tl::unexpected(std::string("cannot map a trace: ") + std::strerror(errno));
    SharedMapping mapping(address, size);
    const TraceHeader header = *reinterpret_cast<const TraceHeader*>(mapping.data());
    if (!is_sound(header, size)) return refuse();
    return TraceReader(std::move(mapping), header);
}

TraceReader::TraceReader(SharedMapping mapping, const TraceHeader& header)
    : mapping_(std::move(mapping)),
      lane_size_(header.lane_size),
      records_offset_(header.records_offset),
      snap_(header.snap),
      taken_(header.lanes) {
    for (std::size_t i = 0; i < header.lanes; ++i)
        pairs_.emplace_back(lane(i).pair, ::strnlen(lane(i).pair, sizeof(TraceLane::pair)));
}

bool TraceReader::take(std::size_t index, TraceView& view) noexcept {
    const std::uint64_t filled = __atomic_load_n(&lane(index).filled, __ATOMIC_ACQUIRE);
    std::uint64_t& taken = taken_[index];
    if (filled > lane_size_ || filled < taken || filled - taken < sizeof(TraceRecord)) return false;
    const std::byte* at = mapping_.data() + records_offset_ + index * lane_size_ + taken;
    std::memcpy(&view.record, at, sizeof view.record);
    const TraceRecord& record = view.record;
    const std::uint64_t content =
        sizeof(TraceRecord) + std::uint64_t{record.findings} * sizeof(Event) + record.captured;
    if (record.size > filled - taken || record.size < content || record.size % alignof(TraceRecord) != 0) {
        taken = filled;
        return false;
    }
    view.findings = {reinterpret_cast<const Event*>(at + sizeof(TraceRecord)), record.findings};
    view.frame = {at + sizeof(TraceRecord) + view.findings.size_bytes(), record.captured};
    taken += record.size;
    return true;
}

TraceEnd TraceReader::end() const noexcept {
    const auto& header = *reinterpret_cast<const TraceHeader*>(mapping_.data());
    return static_cast<TraceEnd>(__atomic_load_n(&header.end, __ATOMIC_ACQUIRE));
}

std::uint64_t TraceReader::lost() const noexcept {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < lanes(); ++i) all += __atomic_load_n(&lane(i).lost, __ATOMIC_RELAXED);
    return all;
}

}  // namespace sluis
