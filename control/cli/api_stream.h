// The bytes to and from sluis-control.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "control/cli/api_connection.h"

namespace sluis {

class ApiStream {
public:
    virtual ~ApiStream() = default;
    virtual tl::expected<void, std::string> send(std::string_view bytes) = 0;
    /// Appends what comes next; false when the other side has ended.
    virtual tl::expected<bool, std::string> receive(std::string& to) = 0;
    /// Until the other side ends, or there are more than `limit` bytes.
    tl::expected<void, std::string> receive_all(std::string& to, std::size_t limit) {
        while (to.size() <= limit) {
            const auto more = receive(to);
            if (!more) return tl::unexpected(more.error());
            if (!*more) return {};
        }
        return {};
    }
};

using OpenedStream = tl::expected<std::unique_ptr<ApiStream>, std::string>;

/// control-ro.sock, or control-rw.sock when that is needed, or the only one that this user may use.
/// `patience`: without an answer for so long, it gives up, seconds.
OpenedStream open_local_stream(const std::string& runtime_directory, bool needs_admin, long patience);
/// HTTPS; the server's certificate is verified. REQUIRES: !target.server.empty().
OpenedStream open_tls_stream(const ApiTarget& target, long patience);

/// Seconds that a question may take, which is answered at once by who is well; what changes something, or has a body;
/// and the silence between two heartbeats of a stream.
inline constexpr long kAnswerPatience = 10, kChangePatience = 60, kStreamPatience = 60;

/// What is said of a stream that gave up.
inline std::string no_answer(long patience) {
    return "sluis-control has not answered within " + std::to_string(patience) +
           " s; it may be stopped or overloaded: see its log";
}

}  // namespace sluis
