#include "control/api/content.h"

#include <vector>

#include "control/api/message_json.h"
#include "dataplane/interface/edit_distance.h"

namespace sluis {
namespace {

using Action = tl::expected<api::RulesetAction, Problem>;

Action refuse(std::string detail, std::string field = "") {
    return tl::unexpected(Problem{400, std::move(detail), std::move(field)});
}

Action read_protobuf(const std::string& body) {
    api::RulesetAction action;
    if (!action.ParseFromString(body)) return refuse("the body is no RulesetAction in protobuf");
    api::RulesetAction known;
    known.set_sequence(action.sequence());
    known.set_comment(action.comment());
    // A lite message keeps what it does not know, and does not show it.
    if (known.ByteSizeLong() != action.ByteSizeLong())
        return refuse("the body has fields that a RulesetAction does not have");
    return action;
}

Action read_json(const std::string& body) {
    const Json json = Json::parse(body, nullptr, false);
    if (!json.is_object()) return refuse("the body is no JSON object");
    api::RulesetAction action;
    for (const auto& [name, value] : json.items()) {
        if (name == "sequence") {
            if (!value.is_number_unsigned()) return refuse("write a whole number, without quotes", name);
            action.set_sequence(value.get<std::uint64_t>());
        } else if (name == "comment") {
            if (!value.is_string()) return refuse("write a text", name);
            action.set_comment(value.get<std::string>());
        } else {
            return refuse("unknown member" + hint(name, {"sequence", "comment"}), name);
        }
    }
    return action;
}

}  // namespace

template <typename Message>
Response reply(const Request& request, const Message& message, int status) {
    Response response;
    response.status = status;
    response.media_type = request.media_type;
    if (request.media_type == kProtobuf)
        message.SerializeToString(&response.body);
    else
        response.body = to_json(message).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    return response;
}

template Response reply(const Request&, const api::Status&, int);
template Response reply(const Request&, const api::Ports&, int);
template Response reply(const Request&, const api::Stats&, int);
template Response reply(const Request&, const api::Drops&, int);
template Response reply(const Request&, const api::Ruleset&, int);
template Response reply(const Request&, const api::Job&, int);
template Response reply(const Request&, const api::Explanation&, int);
template Response reply(const Request&, const api::Configuration&, int);
template Response reply(const Request&, const api::Policy&, int);

Action read_ruleset_action(const Request& request) {
    if (request.body.empty()) return api::RulesetAction{};
    return request.head.content_type == kProtobuf ? read_protobuf(request.body) : read_json(request.body);
}

Response reply_text(std::string_view media_type, std::string text) {
    Response response;
    response.media_type = media_type;
    response.body = std::move(text);
    return response;
}

}  // namespace sluis
