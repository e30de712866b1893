// What a box does per second, from two looks at its counts.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "control/cli/api_command.h"

namespace sluis {

/// What sluis-control says at one moment.
struct TopSample {
    std::chrono::steady_clock::time_point time;
    Json status, ports, stats, drops;
};

/// Asks; on failure the exit status, and why is printed.
tl::expected<TopSample, int> take_top_sample(const ApiOptions& options);

/// {"seconds", "status", "ports": […], "names": {protocol: {…}}, "drops": […], "workers": […], "tables": {…}}. Counts
/// that went down since (the dataplane began anew) have the rate 0.
Json top_rates(const TopSample& before, const TopSample& after);

/// The same as lines for a screen of `width` columns and `height` rows; 0: as many as there are.
std::vector<std::string> top_lines(const Json& rates, std::size_t width, std::size_t height);

}  // namespace sluis
