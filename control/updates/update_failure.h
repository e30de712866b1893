// Why a mirror did not give what was asked for: one list makes the enum, the metric's label and the sentence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace sluis {

// clang-format off
#define SLUIS_UPDATE_CAUSES(X) \
    X(none,     "nothing failed") \
    X(connect,  "no connection: the name, the proxy or the port does not answer") \
    X(tls,      "the mirror's certificate is not right, or TLS failed") \
    X(timeout,  "connecting, a silence or the whole transfer took longer than it may") \
    X(transfer, "the connection broke, or what came is no right HTTP") \
    X(redirect, "too many redirections, or one that leaves HTTPS") \
    X(status,   "an HTTP status other than those that were asked for") \
    X(size,     "more bytes than the file may have") \
    X(note,     "no freshness note that a trusted key has signed and that is of this time") \
    X(older,    "a note of an older sequence than this box has seen") \
    X(bundle,   "not the bundle that the note names, or not signed as it has to be") \
    X(storage,  "the box could not write what came")
// clang-format on

enum class UpdateCause : std::uint8_t {
#define X(name, text) name,
    SLUIS_UPDATE_CAUSES(X)
#undef X
};

struct UpdateCauseInfo {
    std::string_view name;  ///< stable: a metric's label
    std::string_view meaning;
};

inline constexpr std::array kUpdateCauses{
#define X(name, text) UpdateCauseInfo{#name, text},
    SLUIS_UPDATE_CAUSES(X)
#undef X
};
inline constexpr std::size_t kUpdateCauseCount = kUpdateCauses.size();

constexpr std::string_view cause_name(UpdateCause cause) { return kUpdateCauses[static_cast<std::size_t>(cause)].name; }

struct UpdateFailure {
    UpdateCause cause = UpdateCause::none;
    std::string message;            ///< one line
    std::uint32_t retry_after = 0;  ///< seconds that the mirror asked for; 0: it did not
};

template <typename T>
using Fetched = tl::expected<T, UpdateFailure>;

inline tl::unexpected<UpdateFailure> failed(UpdateCause cause, std::string message) {
    return tl::unexpected(UpdateFailure{cause, std::move(message), 0});
}

}  // namespace sluis
