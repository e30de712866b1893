#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/message_json.h"
#include "control/api/trace_keeper.h"
#include "control/api/trace_request.h"

namespace sluis {
namespace {

bool read_number(std::string_view text, std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

Response unknown_trace() { return refusal({404, "there is no such trace, or not any more", ""}); }

}  // namespace

Response post_trace(Request& request, Services& services) {
    auto asked = read_trace_request(request);
    if (!asked) return refusal(asked.error());
    const auto wanted = trace_command(*asked);
    if (!wanted) return refusal(wanted.error());
    const AuditRecord record{request.caller.name, "trace", asked->comment(), ""};
    asked->clear_comment();
    const auto begun =
        services.traces.begin(*wanted, record, to_json(*asked).dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!begun) return refusal({503, "another trace is on, or has not been fetched yet; try again", ""});
    Response response = reply(request, *begun, 202);
    response.location = "/v1/trace/" + std::to_string(begun->id());
    return response;
}

Response get_trace(Request& request, Services& services) {
    std::uint64_t id = 0, from = 0;
    if (!read_number(request.path_rest, id)) return unknown_trace();
    if (const std::string* text = request.head.parameter("from"); text != nullptr && !read_number(*text, from))
        return refusal({400, "write the number of bytes that are there already", "from"});
    if (request.media_type == kPcapng) {
        auto piece = services.traces.piece(id, from);
        return piece ? reply_text(kPcapng, std::move(*piece)) : unknown_trace();
    }
    const auto trace = services.traces.find(id);
    return trace ? reply(request, *trace) : unknown_trace();
}

Response delete_trace(Request& request, Services& services) {
    std::uint64_t id = 0;
    if (!read_number(request.path_rest, id)) return unknown_trace();
    const auto trace = services.traces.find(id);
    if (!trace || !services.traces.stop(id)) return unknown_trace();
    return reply(request, *trace);
}

}  // namespace sluis
