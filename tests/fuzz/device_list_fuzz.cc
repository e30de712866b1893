// Any text as a list of devices: a few errors of one line each, or devices in order, each once.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "control/policy/device_list.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto list = read_device_list({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
    if (list) {
        const auto& devices = list->devices;
        require(!devices.empty() && !list->columns.empty());
        require(std::is_sorted(devices.begin(), devices.end()));
        require(std::adjacent_find(devices.begin(), devices.end()) == devices.end());
        require(devices.front() != 0 && devices.back() < std::uint64_t{1} << 48);
        // What is written can be read again.
        std::uint64_t again = 0;
        std::string_view problem;
        require(read_device(device_text(devices.front()), again, problem) && again == devices.front());
    } else {
        require(!list.error().empty() && list.error().size() <= 21);
        for (const std::string& error : list.error()) require(error.find('\n') == error.npos);
    }
    return 0;
}
