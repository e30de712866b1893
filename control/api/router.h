// Which handler answers a request, and what is refused before a byte of its body is read.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "control/api/request.h"

namespace sluis {

struct Services;

/// What a request brings.
enum class BodyForm : std::uint8_t {
    none,
    message,  ///< JSON or protobuf; may be left out
    bundle,   ///< a signed file, which has to be there
    toml,     ///< a file of TOML, which has to be there
};

/// One line of the table of routes.
struct Route {
    Method method = Method::get;
    std::string_view path;  ///< a last segment in braces stands for any
    Role role = Role::read;
    BodyForm body = BodyForm::none;
    std::span<const std::string_view> media_types;  ///< what it answers in, the first by default
    std::array<std::string_view, 6> parameters;     ///< of the query; others are refused
    Response (*handle)(Request& request, Services& services) = nullptr;
};

class Router {
public:
    Router(std::span<const Route> routes, Services& services) : routes_(routes), services_(services) {}

    /// What a request's head comes to.
    struct Admission {
        const Route* route = nullptr;  ///< null: `answer` is what the client gets
        Response answer;
        std::string_view media_type;
        std::string_view path_rest;
        std::size_t body_size = 0;  ///< bytes to read
    };
    /// The views borrow from `head` and the routes.
    Admission admit(const RequestHead& head, const Caller& caller) const;
    Response handle(const Route& route, Request& request) const;
    std::span<const Route> routes() const { return routes_; }

private:
    std::span<const Route> routes_;
    Services& services_;
};

}  // namespace sluis
