#include "control/api/router.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "control/api/http_limits.h"
#include "control/api/media_type.h"
#include "control/bundle/bundle_limits.h"
#include "dataplane/interface/edit_distance.h"

namespace sluis {
namespace {

using Admission = Router::Admission;

Admission refuse(int status, std::string detail, std::string field = "") {
    Admission admission;
    admission.answer = refusal({status, std::move(detail), std::move(field)});
    return admission;
}

/// Whether a route's path takes this one; what stands for its braces goes to `rest`.
bool matches(std::string_view pattern, std::string_view path, std::string_view& rest) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, brace)) || path.size() == brace) return false;
    rest = path.substr(brace);
    return rest.find('/') == std::string_view::npos;
}

/// HEAD is answered as GET is, without the body.
bool takes(const Route& route, Method method) {
    return route.method == method || (route.method == Method::get && method == Method::head);
}

std::string allowed_methods(const std::vector<const Route*>& routes) {
    std::string list = "OPTIONS";
    for (const Route* route : routes) {
        list += ", " + std::string(method_name(route->method));
        if (route->method == Method::get) list += ", HEAD";
    }
    return list;
}

/// The problem with a request's parameters, empty when there is none.
std::string unknown_parameter(const Route& route, const RequestHead& head) {
    for (const QueryParameter& each : head.query)
        if (std::find(route.parameters.begin(), route.parameters.end(), each.name) == route.parameters.end())
            return each.name;
    return {};
}

std::string parameter_hint(const Route& route, std::string_view name) {
    std::vector<std::string_view> known;
    for (const std::string_view each : route.parameters)
        if (!each.empty()) known.push_back(each);
    return known.empty() ? "; there are none here" : hint(name, known);
}

/// What each form of body is, and may be.
struct BodyRule {
    std::size_t limit;          ///< bytes
    std::string_view missing;   ///< said when there has to be one, and is none
    std::string_view types[2];  ///< media types, without parameters
    std::string_view advice;    ///< said of another type
};

const BodyRule& rule_of(BodyForm form) {
    static constexpr std::array<BodyRule, 4> kRules{{
        {0, "", {"", ""}, ""},
        {kMessageBodyLimit, "", {kJson, kProtobuf}, "send application/json or application/x-protobuf"},
        {kEnvelopeLimit,
         "the body, a signed bundle, is missing",
         {"application/octet-stream", kProtobuf},
         "send application/octet-stream or application/x-protobuf"},
        {kTomlBodyLimit, "the body, a file of TOML, is missing", {"application/toml", ""}, "send application/toml"},
    }};
    return kRules[static_cast<std::size_t>(form)];
}

/// Judges the body by what the head says of it.
Admission admit_body(Admission admission, const RequestHead& head) {
    const BodyRule& rule = rule_of(admission.route->body);
    if (head.chunked) return refuse(411, "say how long the body is; chunks are not taken", "content-length");
    const std::uint64_t size = head.content_length.value_or(0);
    if (size == 0 && !rule.missing.empty()) return refuse(411, std::string(rule.missing), "content-length");
    if (size > rule.limit) {
        return refuse(
            413,
            rule.limit == 0 ? "there is no body here" : "at most " + std::to_string(rule.limit) + " bytes are taken",
            "content-length");
    }
    if (size != 0 && head.encoded) return refuse(415, "send the body as it is, not encoded", "content-encoding");
    // A form of any site can send an empty body, of its own type.
    const bool has_type = size != 0 || !head.content_type.empty();
    if (has_type && rule.limit != 0 && head.content_type != rule.types[0] &&
        (head.content_type != rule.types[1] || rule.types[1].empty()))
        return refuse(415, std::string(rule.advice), "content-type");
    admission.body_size = static_cast<std::size_t>(size);
    return admission;
}

/// Whether the page of another site asks. A browser shows a client's certificate with any request that any page makes,
/// so what such a page asks for is not what the client wants. Only a link from there is followed.
bool is_foreign(const RequestHead& head) {
    if (!head.origin.empty() && head.origin != "https://" + head.host) return true;
    if (head.fetch_site.empty() || head.fetch_site == "same-origin" || head.fetch_site == "none") return false;
    const bool reads = head.method == Method::get || head.method == Method::head;
    return !reads || head.fetch_mode != "navigate" || head.fetch_dest != "document";
}

}  // namespace

Response refusal(const Problem& problem) {
    Response response;
    response.status = problem.status;
    response.media_type = kProblemJson;
    response.body = problem_json(problem);
    response.retry = problem.status == 503 || problem.status == 429;
    return response;
}

Admission Router::admit(const RequestHead& head, const Caller& caller) const {
    if (is_foreign(head))
        return refuse(403, "the page of another site asks for this; open the box's own page", "origin");
    Admission admission;
    std::vector<const Route*> here;
    for (const Route& route : routes_)
        if (matches(route.path, head.path, admission.path_rest)) here.push_back(&route);
    if (here.empty() && head.path != "*") return refuse(404, "there is nothing at this path");
    if (head.method == Method::options) {
        admission.answer.status = 204;
        admission.answer.allow = allowed_methods(here);
        return admission;
    }
    const auto found = std::find_if(here.begin(), here.end(), [&](const auto* r) { return takes(*r, head.method); });
    if (found == here.end()) {
        admission = refuse(405, "this path does not take the method; the Allow field lists what it takes");
        admission.answer.allow = allowed_methods(here);
        return admission;
    }
    const Route& route = **found;
    if (route.role == Role::admin && caller.role != Role::admin)
        return refuse(403, "reading only is allowed here; use the admin socket, or a certificate with that role");
    if (const std::string unknown = unknown_parameter(route, head); !unknown.empty())
        return refuse(400, "unknown parameter" + parameter_hint(route, unknown), unknown);
    admission.media_type = choose_media_type(head.accept, route.media_types);
    if (admission.media_type.empty())
        return refuse(406, "this path answers in " + std::string(route.media_types.front()), "accept");
    admission.route = &route;
    return admit_body(std::move(admission), head);
}

Response Router::handle(const Route& route, Request& request) const {
    Response response = route.handle(request, services_);
    const bool reads = request.head.method == Method::get || request.head.method == Method::head;
    if (reads && response.status == 200 && !response.etag.empty() && request.head.if_none_match == response.etag) {
        response.status = 304;
        response.body.clear();
    }
    return response;
}

}  // namespace sluis
