// The sizes of the tables that all sources share, of which each has a part.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/interface/limits.h"

namespace sluis {

/// How much there is of all that sources share. Blocked flows make each other forgotten.
inline SourceBudget::Tables tables_of(const Limits& limits) {
    SourceBudget::Tables tables{};
    const auto set = [&tables](Budget budget, std::uint64_t size) {
        tables[static_cast<std::size_t>(budget)] = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, ~0u));
    };
    set(Budget::flows, limits.flows);
    set(Budget::quic_connections, limits.quic_connections);
    set(Budget::quic_large_hellos, limits.quic_large_hellos);
    set(Budget::datagrams, limits.datagrams);
    set(Budget::fragments, limits.fragments);
    set(Budget::http2_connections, limits.http2_connections);
    // Of small buffers or of large ones, whichever are fewer bytes: both kinds are charged alike.
    set(Budget::stream_bytes, std::min(std::uint64_t{limits.small_streams} * ReassemblyPool::kSmall,
                                       std::uint64_t{limits.large_streams} * limits.stream_bytes));
    return tables;
}

}  // namespace sluis
