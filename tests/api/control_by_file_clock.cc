// sluis-control whose policy goes by a clock that a test sets: SLUIS_TEST_CLOCK names a file that holds the seconds
// since 1970-01-01 UTC, and whether the clock is synchronised (1 or 0).
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "control/main/sluis_control.h"

namespace {

sluis::ClockReading read_file_clock() {
    const char* path = std::getenv("SLUIS_TEST_CLOCK");
    std::ifstream file(path == nullptr ? "" : path);
    std::int64_t now = 0;
    bool synchronised = false;
    file >> now >> synchronised;
    return {now, static_cast<bool>(file) && synchronised};
}

}  // namespace

int main(int argc, char** argv) { return sluis::run_control(argc, argv, {read_file_clock, 0}); }
