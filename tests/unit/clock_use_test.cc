// Nothing in the dataplane measures by the time of day: a clock that is set (NTP, 1970, 2038) would make timers fire
// early, or never. Who tells the time to people may ask for it; these are all who do.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace sluis::test {
namespace {

const std::map<std::string, std::string> kTellers{
    {"main.cc", "when the process began to forward, in the counters"},
    {"mode_keeper.cc", "since when a mode holds; it is measured by the steady clock"},
    {"worker.cc", "what a worker's own clock is added to for the time of an event"},
};

bool asks(const std::string& text) {
    for (const char* word :
         {"CLOCK_REALTIME", "CLOCK_TAI", "system_clock", "time(nullptr)", "time(NULL)", "gettimeofday"})
        if (text.find(word) != std::string::npos) return true;
    return false;
}

TEST(ClockUse, OnlyWhoTellsTheTimeAsksForIt) {
    std::map<std::string, std::string> found;
    const std::filesystem::path folder = SLUIS_SOURCE_DIR "/dataplane";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension != ".cc" && extension != ".h") continue;
        ++files;
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (asks(text)) found[entry.path().lexically_relative(folder).string()];
    }
    EXPECT_GT(files, 200u);
    for (const auto& [file, nothing] : found)
        EXPECT_TRUE(kTellers.contains(file))
            << file << " asks for the time of day: measure by a clock that only goes on";
    for (const auto& [file, why] : kTellers) EXPECT_TRUE(found.contains(file)) << file << " does not any more: " << why;
}

}  // namespace
}  // namespace sluis::test
