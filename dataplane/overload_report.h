// What people are told of overloads: a line in the log when one began, and when it is over.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/interface/counters_file.h"

namespace sluis {

/// For the main thread. However often an overload comes and goes, each worker has one line a look at the most.
class OverloadReport {
public:
    /// `counters` outlives this.
    explicit OverloadReport(CountersFile& counters) : counters_(counters), said_(counters.workers()) {}

    /// For once a second.
    void look();

private:
    struct Said {
        bool on = false;
        std::uint64_t overloads = 0;
        std::uint64_t passed = 0, dropped = 0;  ///< frames, when the last line was written
    };
    void say(std::size_t worker, const Said& now) const;

    CountersFile& counters_;
    std::vector<Said> said_;
};

}  // namespace sluis
