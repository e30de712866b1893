#include "control/api/listen_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/one_line.h"

namespace sluis {

namespace {

std::string cannot_listen(std::string_view table, const std::string& text, int error) {
    std::string hint = "change listen of [" + std::string(table) + "]";
    if (error == EADDRNOTAVAIL) hint += " (ip address shows this box's addresses)";
    if (error == EACCES) hint += ", or give it CAP_NET_BIND_SERVICE: ports below 1024 need that";
    if (error == EADDRINUSE) hint = "stop what has the port (ss -ltnp), or " + hint;
    return text + ": cannot be listened on: " + std::strerror(error) + "; " + hint;
}

}  // namespace

tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view table, const std::string& text) {
    const auto wrong = [&] {
        return tl::unexpected("listen of [" + std::string(table) + "] has \"" + one_line(text) +
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

tl::expected<void, std::string> check_listen_address(std::string_view table, const std::string& text) {
    const auto address = parse_listen_address(table, text);
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
    return tl::unexpected(cannot_listen(table, text, errno));
}

tl::expected<Listener, std::string> listen_at(std::string_view table, const std::string& text, event_base& base,
                                              evconnlistener_cb act, void* argument) {
    constexpr int kBacklog = 128;
    const auto parsed = parse_listen_address(table, text);
    if (!parsed) return tl::unexpected(parsed.error());
    const addrinfo* address = parsed->get();
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE |
                           (address->ai_family == AF_INET6 ? LEV_OPT_BIND_IPV6ONLY : 0u);
    Listener listener(evconnlistener_new_bind(&base, act, argument, flags, kBacklog, address->ai_addr,
                                              static_cast<int>(address->ai_addrlen)));
    const int error = errno;
    if (listener == nullptr) return tl::unexpected(cannot_listen(table, text, error));
    rest_without_descriptors(*listener);
    return listener;
}

void rest_without_descriptors(evconnlistener& listener) {
    evconnlistener_set_error_cb(&listener, [](evconnlistener*, void*) { std::this_thread::sleep_for(kAcceptRest); });
}

std::string source_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        const auto& ip = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
        return {reinterpret_cast<const char*>(&ip), sizeof ip};
    }
    if (address.sa_family != AF_INET6) return {};
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    return {reinterpret_cast<const char*>(&ip), 8};
}

}  // namespace sluis
