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
OpenedStream open_local_stream(const std::string& runtime_directory, bool needs_admin);
/// HTTPS; the server's certificate is verified. REQUIRES: !target.server.empty().
OpenedStream open_tls_stream(const ApiTarget& target);

/// Without an answer for so long, a stream gives up, seconds.
inline constexpr long kStreamPatience = 60;

}  // namespace sluis
