#include "control/api/tls/listen_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/one_line.h"

namespace sluis {

tl::expected<ListenAddress, std::string> parse_listen_address(const std::string& text) {
    const auto wrong = [&] {
        return tl::unexpected("listen of [api] has \"" + one_line(text) +
                              "\"; write addresses such as \"192.0.2.1:8443\" or \"[2001:db8::1]:8443\"");
    };
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return wrong();
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (host.empty() || ::getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found) != 0) return wrong();
    return ListenAddress(found);
}

tl::expected<void, std::string> check_listen_address(const std::string& text) {
    const auto address = parse_listen_address(text);
    if (!address) return tl::unexpected(address.error());
    sockaddr_storage any_port{};
    std::memcpy(&any_port, (*address)->ai_addr, (*address)->ai_addrlen);
    if (any_port.ss_family == AF_INET)
        reinterpret_cast<sockaddr_in&>(any_port).sin_port = 0;
    else
        reinterpret_cast<sockaddr_in6&>(any_port).sin6_port = 0;
    const FileDescriptor socket(::socket(any_port.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.valid() &&
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any_port), (*address)->ai_addrlen) == 0)
        return {};
    const int error = errno;
    return tl::unexpected(text + ": cannot be listened on: " + std::strerror(error) + "; change listen of [api]" +
                          (error == EADDRNOTAVAIL ? " (ip address shows this box's addresses)" : ""));
}

}  // namespace sluis
