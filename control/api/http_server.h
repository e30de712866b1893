// HTTP on one Unix socket, for one role.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <utility>

#include <tl/expected.hpp>

#include "control/api/http_connection.h"
#include "control/api/unix_socket.h"

namespace sluis {

/// What was answered, for /metrics. The keys are few: methods and status codes that this program knows.
class RequestCounts {
public:
    void add(Method method, int status) { ++counts_[{method, status}]; }
    const std::map<std::pair<Method, int>, std::uint64_t>& counts() const { return counts_; }

private:
    std::map<std::pair<Method, int>, std::uint64_t> counts_;
};

class HttpServer final : private HttpConnectionOwner {
public:
    /// Answers who connects to a socket, whose end stays the caller's. REQUIRES: all that is given outlives the server.
    static tl::expected<std::unique_ptr<HttpServer>, std::string> open(event_base& base, const UnixListener& socket,
                                                                       Role role, const Router& router,
                                                                       const RemoteCallers& remote,
                                                                       RequestCounts& counts);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::size_t connections() const { return connections_.size(); }
    /// There is something new for those who read streams.
    void advance_streams();

private:
    HttpServer(event_base& base, Role role, const Router& router, const RemoteCallers& remote, RequestCounts& counts)
        : base_(base), role_(role), router_(router), remote_(remote), counts_(counts) {}

    static void on_accept(evconnlistener*, evutil_socket_t descriptor, sockaddr*, int, void* server);
    void accept(int descriptor);
    bool make_room();

    const Router& router() const override { return router_; }
    bool take_room(std::size_t bytes) override;
    void give_room_back(std::size_t bytes) override { body_bytes_ -= bytes; }
    void count(Method method, int status) override { counts_.add(method, status); }
    void close(HttpConnection& connection) override;

    event_base& base_;
    Role role_;
    const Router& router_;
    const RemoteCallers& remote_;
    RequestCounts& counts_;
    std::size_t body_bytes_ = 0;
    std::list<std::unique_ptr<HttpConnection>> connections_;  ///< the oldest first
    Listener listener_;
};

}  // namespace sluis
