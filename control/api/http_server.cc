#include "control/api/http_server.h"

#include <unistd.h>

#include <algorithm>

#include "control/api/http_limits.h"
#include "control/api/listen_address.h"

namespace sluis {
namespace {

/// Above the limit, connections are still taken to be told that there is no room; not without end.
constexpr std::size_t kTurnedAwayLimit = 2 * kConnectionLimit;

}  // namespace

tl::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::open(event_base& base, const UnixListener& socket,
                                                                        Role role, const Router& router,
                                                                        const RemoteCallers& remote,
                                                                        RequestCounts& counts) {
    std::unique_ptr<HttpServer> server(new HttpServer(base, role, router, remote, counts));
    server->listener_.reset(
        evconnlistener_new(&base, on_accept, server.get(), LEV_OPT_CLOSE_ON_EXEC, 0, socket.descriptor()));
    if (server->listener_ == nullptr)
        return tl::unexpected<std::string>("the API's sockets cannot be listened on; give the process more memory");
    rest_without_descriptors(*server->listener_);
    return server;
}

void HttpServer::on_accept(evconnlistener*, evutil_socket_t descriptor, sockaddr*, int, void* server) {
    static_cast<HttpServer*>(server)->accept(descriptor);
}

void HttpServer::accept(int descriptor) {
    auto caller = identify(descriptor, role_, remote_);
    const bool has_room = caller && make_room();
    if (!caller || connections_.size() >= kTurnedAwayLimit) {
        ::close(descriptor);
        return;
    }
    HttpConnectionOwner& owner = *this;
    connections_.push_back(std::make_unique<HttpConnection>(owner, base_, descriptor, std::move(*caller)));
    if (!has_room) connections_.back()->turn_away();
}

/// Whether there is room for one more connection, after one that only waits has made it where it must.
bool HttpServer::make_room() {
    if (connections_.size() < kConnectionLimit) return true;
    const auto waits = [](const auto& each) { return each->is_waiting(); };
    const auto oldest = std::find_if(connections_.begin(), connections_.end(), waits);
    if (oldest == connections_.end()) return false;
    connections_.erase(oldest);
    return true;
}

bool HttpServer::take_room(std::size_t bytes) {
    if (bytes > kAllBodiesLimit - body_bytes_) return false;
    body_bytes_ += bytes;
    return true;
}

void HttpServer::advance_streams() {
    connections_.remove_if([](const auto& each) { return !each->advance_stream(); });
}

void HttpServer::close(HttpConnection& connection) {
    connections_.remove_if([&](const auto& each) { return each.get() == &connection; });
}

}  // namespace sluis
