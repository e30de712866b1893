// What the main thread tells the service manager: that every worker moves, and what the box does in a line.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/interface/counters_file.h"
#include "dataplane/interface/service_manager.h"

namespace sluis {

class ServiceReport {
public:
    /// Both outlive the report.
    ServiceReport(ServiceManager& manager, CountersFile& counters);

    /// For once a second. The service is ready when each worker has made a round of polling. The watchdog is fed when
    /// each has made another since it was last fed, so that one worker that hangs starves it, however well others do.
    void look();

private:
    std::vector<std::uint64_t> rounds() const;
    std::vector<std::size_t> still(const std::vector<std::uint64_t>& rounds) const;
    void describe(const std::vector<std::size_t>& still);

    ServiceManager& manager_;
    CountersFile& counters_;
    std::vector<std::uint64_t> fed_;  ///< each worker's rounds when the watchdog was last fed
    bool ready_ = false;
};

}  // namespace sluis
