// Any bytes as the counters that a dataplane shares: no counters, or copies of what is within the file. Every second
// input is given a header that is right.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "control/observability/counter_words.h"
#include "dataplane/interface/counters_file.h"
#include "tests/fuzz/fuzz_folder.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void repair(std::string& image) {
    CountersHeader header{};
    image.copy(reinterpret_cast<char*>(&header), sizeof header);
    header.magic = kCountersMagic;
    header.version = kCountersVersion;
    header.block_size = sizeof(WorkerCounters);
    header.blocks_offset = sizeof(CountersHeader);
    header.reasons = static_cast<std::uint32_t>(kReasonCount);
    header.workers %= 4;
    header.pairs %= 4;
    image.resize(sizeof header + header.workers * sizeof(WorkerCounters));
    std::memcpy(image.data(), &header, sizeof header);
}

void read_all(const CountersView& view) {
    require(view.workers() <= kMaxCountersBlocks && view.pairs() <= view.workers());
    require(view.rules().digest.size() <= 64);
    WorkerCounters total{};
    for (std::size_t i = 0; i < view.workers(); ++i) {
        require(view.pair_of_worker(i).size() <= 16 && view.heartbeat(i) == view.worker(i).heartbeat);
        add(total, view.worker(i));
    }
    static_cast<void>(balance(total));
    for (std::size_t i = 0; i < view.pairs(); ++i) {
        const PairModeRecord mode = view.pair_mode(i);
        require(view.pair(i).size() <= 16 && !mode_word(mode).empty() && !cause_word(mode).empty());
        require(std::strlen(mode.author) < sizeof mode.author && std::strlen(mode.reason) < sizeof mode.reason);
        for (const Side side : kSides) require(!word_for(view.port(i, side).link).empty());
    }
    for (std::size_t i = 0; i < kZoneSlots; ++i) require(view.zone(i).size() <= 32);
    for (std::size_t i = 0; i < kCategorySlots; ++i) require(view.category(i).size() <= 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const FuzzFolder folder;
    if (size == 0) return 0;
    std::string image(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 0) repair(image);
    folder.write("counters", image);
    const auto view = CountersView::open(folder.path());
    if (view) read_all(*view);
    if (!view) require(!view.error().empty() && view.error().find('\n') == std::string::npos);
    return 0;
}
