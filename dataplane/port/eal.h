// DPDK's environment abstraction layer, started from the configuration.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"

namespace sluis {

/// The command line that the EAL is started with.
std::vector<std::string> eal_arguments(const Config& config);

/// Fails, with one line for people, when hugepages are asked for and the machine has none at all. Whether one is free
/// shows only at the start: a dataplane that runs may hold them.
tl::expected<void, std::string> check_hugepages(const Config& config);

/// Started; cleaned up at the end of its life, after all that uses it.
class Eal {
public:
    /// Fails, with one line for people, when there is no memory, permission or core for it.
    static tl::expected<Eal, std::string> start(const Config& config);
    Eal(Eal&& other) noexcept;
    Eal& operator=(Eal&&) = delete;
    ~Eal();

    /// The workers' lcores, in order: at least one for each worker of the configuration.
    const std::vector<unsigned>& lcores() const noexcept { return lcores_; }

private:
    Eal() = default;
    bool running_ = true;
    std::vector<unsigned> lcores_;
};

}  // namespace sluis
