// What of pulling outlives a restart: which bundles are left alone, and when the last right note came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluis {

/// A bundle that was downloaded and refused: not downloaded again. The oldest makes room.
struct RefusedBundle {
    std::string sha256;  ///< hexadecimal
    std::uint64_t sequence = 0;
    std::uint32_t code = 0;  ///< of control/bundle's list
    std::string name;
    std::string message;
    friend bool operator==(const RefusedBundle&, const RefusedBundle&) = default;
};
inline constexpr std::size_t kRefusedBundleLimit = 16;

struct UpdatesMemory {
    std::int64_t fresh = 0;  ///< seconds since 1970-01-01 UTC; 0: never
    std::vector<RefusedBundle> refused;

    const RefusedBundle* find(std::string_view sha256) const;
    void refuse(RefusedBundle bundle);
    friend bool operator==(const UpdatesMemory&, const UpdatesMemory&) = default;
};

inline constexpr std::size_t kUpdatesMemoryLimit = 65536;  ///< bytes of the file

/// JSON.
std::string write_updates_memory(const UpdatesMemory& memory);
/// What can be made of any text: what is lost costs another download.
UpdatesMemory read_updates_memory(std::string_view text);

/// Whether a refusal is about the bundle, and not about this box or moment: it would be refused again.
bool is_lasting(std::uint32_t code);

}  // namespace sluis
