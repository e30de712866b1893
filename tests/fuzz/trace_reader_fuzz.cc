// Any bytes as the memory of a trace: no trace, or records that lie within it, which make whole blocks of pcapng, and
// comments of one line. Every second input is given a header that is right, so that records are met.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "control/trace/trace_collector.h"
#include "control/trace/trace_comment.h"
#include "dataplane/interface/sealed_memory.h"
#include "dataplane/interface/trace_file.h"

namespace {

using namespace sluis;

constexpr std::size_t kLeast = sizeof(TraceHeader) + sizeof(TraceLane);

void require(bool condition) {
    if (!condition) std::abort();
}

void repair(std::vector<std::byte>& image) {
    TraceHeader header;
    std::memcpy(&header, image.data(), sizeof header);
    header.magic = kTraceMagic;
    header.version = kTraceVersion;
    header.reasons = static_cast<std::uint32_t>(kReasonCount);
    header.lanes = 1 + header.lanes % 3;
    if (image.size() < sizeof(TraceHeader) + header.lanes * sizeof(TraceLane)) header.lanes = 1;
    header.records_offset = sizeof(TraceHeader) + header.lanes * sizeof(TraceLane);
    header.lane_size = (image.size() - header.records_offset) / header.lanes / 8 * 8;
    header.snap %= kTraceSnapLimit + 1;
    std::memcpy(image.data(), &header, sizeof header);
    for (std::size_t i = 0; i < header.lanes; ++i) {
        std::uint64_t filled = 0;
        std::byte* const at = image.data() + sizeof(TraceHeader) + i * sizeof(TraceLane) + offsetof(TraceLane, filled);
        std::memcpy(&filled, at, sizeof filled);
        filled = filled % 2 == 0 ? header.lane_size : filled / 2;
        std::memcpy(at, &filled, sizeof filled);
    }
}

FileDescriptor sealed(const std::vector<std::byte>& image) {
    auto made = seal_memory("fuzz", image);
    require(made.has_value());
    return std::move(*made);
}

bool is_one_line(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char each) { return static_cast<unsigned char>(each) < 0x20; });
}

/// Blocks of a length that stands at both ends, one after the other, up to the end.
void check_blocks(std::string_view file) {
    while (!file.empty()) {
        std::uint32_t size = 0, again = 0;
        require(file.size() >= 12);
        std::memcpy(&size, file.data() + 4, sizeof size);
        require(size >= 12 && size % 4 == 0 && size <= file.size());
        std::memcpy(&again, file.data() + size - 4, sizeof again);
        require(again == size);
        file.remove_prefix(size);
    }
}

void check_comments(TraceReader reader, const std::vector<std::byte>& image) {
    for (std::size_t lane = 0; lane < reader.lanes(); ++lane)
        for (TraceView view; reader.take(lane, view);) {
            require(view.frame.size() <= image.size() && view.findings.size() <= 255);
            require(is_one_line(trace_comment(view, reader.pair(lane))));
        }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> image(bytes + 1, bytes + size);
    if (data[0] % 2 == 0 && image.size() >= kLeast) repair(image);
    auto reader = TraceReader::open(sealed(image));
    if (!reader) {
        require(!reader.error().empty() && is_one_line(reader.error()));
        return 0;
    }
    TraceCollector collector;
    collector.begin(*reader, "fuzz", "comment");
    std::size_t all = 0;
    while (const std::size_t taken = collector.take(*reader, 7)) all += taken;
    require(all <= image.size() / sizeof(TraceRecord) && collector.frames() <= all);
    check_blocks(collector.capture());
    check_comments(std::move(*TraceReader::open(sealed(image))), image);
    return 0;
}
