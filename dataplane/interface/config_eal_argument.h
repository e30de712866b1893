// Which arguments of DPDK's EAL the configuration may add to ours.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

/// What is wrong with an item of [eal] arguments, and what to do; empty: nothing is. Refused are what other keys set,
/// also as an abbreviation that the EAL would take, and what makes the EAL end the program with status 0.
std::string eal_argument_problem(std::string_view argument, bool hugepages);

}  // namespace sluis
