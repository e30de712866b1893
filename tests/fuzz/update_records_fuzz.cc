// Any bytes as what pulling and probations remember: what is read of them can be written, and read again the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/probation/probation_record.h"
#include "control/updates/updates_memory.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const UpdatesMemory memory = read_updates_memory(text);
    require(memory.refused.size() <= kRefusedBundleLimit && memory.fresh >= 0);
    const std::string written = write_updates_memory(memory);
    require(written.size() <= kUpdatesMemoryLimit * 4);
    require(read_updates_memory(written).refused.size() == memory.refused.size());
    const std::string record = write_probation_record(read_probation_record(text));
    require(record.size() <= kProbationRecordLimit);
    require(write_probation_record(read_probation_record(record)) == record);
    return 0;
}
