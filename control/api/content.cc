#include "control/api/content.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
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
template Response reply(const Request&, const api::ConfigPlan&, int);
template Response reply(const Request&, const api::Presence&, int);
template Response reply(const Request&, const api::WouldBlock&, int);

Action read_ruleset_action(const Request& request) {
    if (request.body.empty()) return api::RulesetAction{};
    return request.head.content_type == kProtobuf ? read_protobuf(request.body) : read_json(request.body);
}

tl::expected<api::ModeChange, Problem> read_mode_change(const Request& request) {
    using Change = tl::expected<api::ModeChange, Problem>;
    const auto refuse = [](std::string detail, std::string field = "") -> Change {
        return tl::unexpected(Problem{400, std::move(detail), std::move(field)});
    };
    api::ModeChange change;
    if (request.head.content_type == kProtobuf) {
        if (!change.ParseFromString(request.body)) return refuse("the body is no ModeChange in protobuf");
        api::ModeChange known;
        known.set_pair(change.pair());
        known.set_mode(change.mode());
        known.set_reason(change.reason());
        known.set_duration_seconds(change.duration_seconds());
        if (known.ByteSizeLong() != change.ByteSizeLong())
            return refuse("the body has fields that a ModeChange does not have");
        return change;
    }
    const Json json = Json::parse(request.body, nullptr, false);
    if (!json.is_object()) return refuse("the body is no JSON object");
    const std::map<std::string, std::string* (api::ModeChange::*)()> texts{
        {"pair", &api::ModeChange::mutable_pair},
        {"mode", &api::ModeChange::mutable_mode},
        {"reason", &api::ModeChange::mutable_reason}};
    for (const auto& [name, value] : json.items()) {
        if (const auto text = texts.find(name); text != texts.end()) {
            if (!value.is_string()) return refuse("write a text", name);
            *(change.*text->second)() = value.get<std::string>();
        } else if (name == "duration_seconds") {
            if (!value.is_number_unsigned() || value.get<std::uint64_t>() > ~std::uint32_t{0})
                return refuse("write a whole number of seconds, without quotes", name);
            change.set_duration_seconds(value.get<std::uint32_t>());
        } else {
            return refuse("unknown member" + hint(name, {"pair", "mode", "reason", "duration_seconds"}), name);
        }
    }
    return change;
}

tl::expected<api::ConfigAction, Problem> read_config_action(const Request& request) {
    const auto refuse = [](std::string detail, std::string field = "") {
        return tl::unexpected(Problem{400, std::move(detail), std::move(field)});
    };
    api::ConfigAction action;
    if (request.body.empty()) return action;
    if (request.head.content_type == kProtobuf) {
        if (!action.ParseFromString(request.body)) return refuse("the body is no ConfigAction in protobuf");
        api::ConfigAction known;
        known.set_comment(action.comment());
        if (known.ByteSizeLong() != action.ByteSizeLong())
            return refuse("the body has fields that a ConfigAction does not have");
        return action;
    }
    const Json json = Json::parse(request.body, nullptr, false);
    if (!json.is_object()) return refuse("the body is no JSON object");
    for (const auto& [name, value] : json.items()) {
        if (name != "comment") return refuse("unknown member" + hint(name, {"comment"}), name);
        if (!value.is_string()) return refuse("write a text", name);
        action.set_comment(value.get<std::string>());
    }
    return action;
}

Response reply_text(std::string_view media_type, std::string text) {
    Response response;
    response.media_type = media_type;
    response.body = std::move(text);
    return response;
}

}  // namespace sluis
