// The store's memory in its file: a magic, a CRC-32 over the message, the message.
#pragma once

#include <string>
#include <string_view>

#include "control/bundle/bundle_error.h"
#include "control/bundle/bundle_verifier.h"
#include "control/bundle/store_state.pb.h"

namespace sluis {

inline constexpr std::uint32_t kStoreStateFormat = 1;
inline constexpr std::size_t kStoreStateLimit = 65536;  ///< bytes of the file

std::string write_store_state(const wire::StoreState& state);

/// What the state says of a bundle whose signatures were checked with this key set.
wire::StoredBundle stored_of(const CheckedBundle& bundle, std::uint64_t key_set_version);

/// The current bundle is on probation no longer.
void end_probation(wire::StoreState& state);

/// Fails with `store_unusable` for a file that is not what write_store_state wrote.
Checked<wire::StoreState> read_store_state(std::string_view file);

}  // namespace sluis
