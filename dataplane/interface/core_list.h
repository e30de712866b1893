// [eal] cores: which lcores there are, and on which CPUs each runs, as DPDK's --lcores has it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

struct CoreList {
    std::set<std::uint32_t> lcores, cpus;
};

/// The highest lcore that a worker may have. DPDK is built for 128 on every platform of ours, and the last one is the
/// main thread's.
inline constexpr std::uint32_t kLastWorkerLcore = 126;

/// "2,3", "0-3", "(0-3)@5", "0@2,1@(3,4)": lcores, alone or in brackets, each with the CPUs behind "@", or that of its
/// own number. The error says what is wrong, in a few words.
tl::expected<CoreList, std::string> parse_core_list(std::string_view text);

}  // namespace sluis
