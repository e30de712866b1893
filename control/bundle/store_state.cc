#include "control/bundle/store_state.h"

#include <zlib.h>

#include <array>

#include "control/bundle/message_reader.h"
#include "dataplane/match/compiled_set.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/bytes.h"

namespace sluis {
namespace {

constexpr std::string_view kMagic = "SLUISST1";
constexpr std::size_t kHeaderSize = 12;  // magic, and CRC-32 in network byte order

std::string header_of(std::string_view message) {
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(message.size())));
    std::string header(kMagic);
    for (int shift = 24; shift >= 0; shift -= 8) header += static_cast<char>(crc >> shift & 0xff);
    return header;
}

bool is_whole(const wire::StoredBundle& bundle) { return bundle.sha256().size() == Sha256{}.size(); }
bool is_whole(const wire::SeenNote& note) { return note.bundle_sha256().size() == Sha256{}.size(); }

}  // namespace

wire::StoredBundle stored_of(const CheckedBundle& bundle, std::uint64_t key_set_version) {
    wire::StoredBundle stored;
    stored.set_sha256(std::string(bundle.digest.begin(), bundle.digest.end()));
    stored.set_sequence(bundle.content.sequence());
    stored.set_min_sequence(bundle.content.min_sequence());
    stored.set_key_set_version(key_set_version);
    return stored;
}

void end_probation(wire::StoreState& state) {
    state.clear_pending();
    state.clear_pending_since();
    state.clear_probation_seconds();
}

std::string write_store_state(const wire::StoreState& state) {
    const std::string message = write_message(state);
    return header_of(message) + message;
}

Checked<wire::StoreState> read_store_state(std::string_view file) {
    wire::StoreState state;
    const bool right = file.size() >= kHeaderSize && file.size() <= kStoreStateLimit &&
                       file.substr(0, kHeaderSize) == header_of(file.substr(kHeaderSize)) &&
                       read_message(file.substr(kHeaderSize), state) && state.format() == kStoreStateFormat &&
                       (!state.has_current() || is_whole(state.current())) &&
                       (!state.has_previous() || is_whole(state.previous())) &&
                       (!state.has_newest_note() || is_whole(state.newest_note()));
    if (right) return state;
    return refuse(BundleCode::store_unusable, "the store's state file is damaged");
}

}  // namespace sluis
