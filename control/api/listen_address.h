// Where clients are listened for over TCP: the entries of listen in [api] and in [notice].
#pragma once

#include <netdb.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "control/api/event_handles.h"

struct sockaddr;

namespace sluis {

/// As long as nobody is served when descriptors have run out; a client's end gives one back.
inline constexpr std::chrono::milliseconds kAcceptRest{20};

struct AddressEnd {
    void operator()(addrinfo* address) const noexcept { ::freeaddrinfo(address); }
};
using ListenAddress = std::unique_ptr<addrinfo, AddressEnd>;

/// "127.0.0.1:8443" or "[::1]:8443", numbers only; `table` is where it stands. The error is one line.
tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view table, const std::string& text);

/// Whether this box has the address, whoever may have the port. The error is one line.
tl::expected<void, std::string> check_listen_address(std::string_view table, const std::string& text);

/// Listens there from now on; `act` is called with `argument` for each client. The error is one line.
tl::expected<Listener, std::string> listen_at(std::string_view table, const std::string& text, event_base& base,
                                              evconnlistener_cb act, void* argument);

/// Has `listener` rest for kAcceptRest when no descriptor is left for a client: the kernel tells of it again at once.
void rest_without_descriptors(evconnlistener& listener);

/// What connections of one client are limited by: an IPv4 address, or an IPv6 /64, in network byte order.
std::string source_of(const sockaddr& address);

}  // namespace sluis
