// Where HTTPS is listened for: the entries of listen in [api].
#pragma once

#include <netdb.h>

#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace sluis {

struct AddressEnd {
    void operator()(addrinfo* address) const noexcept { ::freeaddrinfo(address); }
};
using ListenAddress = std::unique_ptr<addrinfo, AddressEnd>;

/// "127.0.0.1:8443" or "[::1]:8443", numbers only. The error is one line.
tl::expected<ListenAddress, std::string> parse_listen_address(const std::string& text);

/// Whether this box has the address, whoever may have the port. The error is one line.
tl::expected<void, std::string> check_listen_address(const std::string& text);

}  // namespace sluis
