#include "control/api/content.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "control/api/message_json.h"
#include "dataplane/interface/edit_distance.h"

namespace sluis {
namespace {

/// One member of a message that a client may write.
template <typename Message>
struct Member {
    std::string_view name;
    std::string (*read)(const Json& value, Message& to);  ///< what is wrong with the value; empty: nothing
    void (*copy)(const Message& from, Message& to);
};

template <typename Message, auto Get, auto Mutable>
constexpr Member<Message> text(std::string_view name) {
    return {name,
            [](const Json& value, Message& to) -> std::string {
                if (!value.is_string()) return "write a text";
                *(to.*Mutable)() = value.template get<std::string>();
                return "";
            },
            [](const Message& from, Message& to) { *(to.*Mutable)() = (from.*Get)(); }};
}

template <typename Message, auto Get, auto Set>
constexpr Member<Message> number(std::string_view name) {
    using Value = decltype((std::declval<const Message&>().*Get)());
    return {
        name,
        [](const Json& value, Message& to) -> std::string {
            if (!value.is_number_unsigned() || value.template get<std::uint64_t>() > std::numeric_limits<Value>::max())
                return "write a whole number, without quotes";
            (to.*Set)(value.template get<Value>());
            return "";
        },
        [](const Message& from, Message& to) { (to.*Set)((from.*Get)()); }};
}

/// A number that says another thing when it is 0 than when it is left out.
template <typename Message, auto Has, auto Get, auto Set>
constexpr Member<Message> optional_number(std::string_view name) {
    Member<Message> member = number<Message, Get, Set>(name);
    member.copy = [](const Message& from, Message& to) {
        if ((from.*Has)()) (to.*Set)((from.*Get)());
    };
    return member;
}

template <typename Message, auto Get, auto Set>
constexpr Member<Message> boolean(std::string_view name) {
    return {name,
            [](const Json& value, Message& to) -> std::string {
                if (!value.is_boolean()) return "write true or false";
                (to.*Set)(value.template get<bool>());
                return "";
            },
            [](const Message& from, Message& to) { (to.*Set)((from.*Get)()); }};
}

/// An object, or what is none. `repeated`: a member that is there twice, so that readers differ in what it says (RFC
/// 8259, section 4).
Json read_object(const std::string& body, std::optional<std::string>& repeated) {
    std::set<std::string> names;
    const auto note = [&](int depth, Json::parse_event_t event, const Json& key) {
        if (depth == 1 && event == Json::parse_event_t::key && !names.insert(key.get<std::string>()).second)
            repeated = key.get<std::string>();
        return true;
    };
    return Json::parse(body, note, false);
}

/// `type`: the message's name, for people.
template <typename Message, std::size_t Count>
tl::expected<Message, Problem> read_body(const Request& request, const std::string& type,
                                         const Member<Message> (&members)[Count]) {
    const auto refuse = [](std::string detail, std::string field = "") {
        return tl::unexpected(Problem{400, std::move(detail), std::move(field)});
    };
    Message message;
    if (request.head.content_type == kProtobuf) {
        if (!message.ParseFromString(request.body)) return refuse("the body is no " + type + " in protobuf");
        Message known;
        for (const auto& member : members) member.copy(message, known);
        // A lite message keeps what it does not know, and does not show it.
        if (known.ByteSizeLong() == message.ByteSizeLong()) return message;
        return refuse("the body has fields that a " + type + " does not have");
    }
    std::optional<std::string> repeated;
    const Json json = read_object(request.body, repeated);
    if (!json.is_object()) return refuse("the body is no JSON object");
    if (repeated) return refuse("is there twice", *repeated);
    for (const auto& [name, value] : json.items()) {
        const auto member =
            std::find_if(members, members + Count, [&wanted = name](const auto& each) { return each.name == wanted; });
        if (member == members + Count) {
            std::vector<std::string_view> names;
            for (const auto& each : members) names.push_back(each.name);
            return refuse("unknown member" + hint(name, names), name);
        }
        if (std::string wrong = member->read(value, message); !wrong.empty()) return refuse(std::move(wrong), name);
    }
    return message;
}

constexpr Member<api::RulesetAction> kRulesetAction[]{
    number<api::RulesetAction, &api::RulesetAction::sequence, &api::RulesetAction::set_sequence>("sequence"),
    text<api::RulesetAction, &api::RulesetAction::comment, &api::RulesetAction::mutable_comment>("comment")};

constexpr Member<api::ConfigAction> kConfigAction[]{
    text<api::ConfigAction, &api::ConfigAction::comment, &api::ConfigAction::mutable_comment>("comment")};

constexpr Member<api::ModeChange> kModeChange[]{
    text<api::ModeChange, &api::ModeChange::pair, &api::ModeChange::mutable_pair>("pair"),
    text<api::ModeChange, &api::ModeChange::mode, &api::ModeChange::mutable_mode>("mode"),
    text<api::ModeChange, &api::ModeChange::reason, &api::ModeChange::mutable_reason>("reason"),
    number<api::ModeChange, &api::ModeChange::duration_seconds, &api::ModeChange::set_duration_seconds>(
        "duration_seconds")};

using Trace = api::TraceRequest;
constexpr Member<Trace> kTraceRequest[]{
    text<Trace, &Trace::client, &Trace::mutable_client>("client"),
    text<Trace, &Trace::server, &Trace::mutable_server>("server"),
    text<Trace, &Trace::host, &Trace::mutable_host>("host"),
    number<Trace, &Trace::port, &Trace::set_port>("port"),
    text<Trace, &Trace::protocol, &Trace::mutable_protocol>("protocol"),
    optional_number<Trace, &Trace::has_vlan, &Trace::vlan, &Trace::set_vlan>("vlan"),
    text<Trace, &Trace::pair, &Trace::mutable_pair>("pair"),
    number<Trace, &Trace::frames, &Trace::set_frames>("frames"),
    number<Trace, &Trace::seconds, &Trace::set_seconds>("seconds"),
    number<Trace, &Trace::snap, &Trace::set_snap>("snap"),
    boolean<Trace, &Trace::payload, &Trace::set_payload>("payload"),
    text<Trace, &Trace::comment, &Trace::mutable_comment>("comment")};

constexpr Member<api::FirmwareAction> kFirmwareAction[]{
    text<api::FirmwareAction, &api::FirmwareAction::comment, &api::FirmwareAction::mutable_comment>("comment")};

constexpr Member<api::FirmwareInstall> kFirmwareInstall[]{
    text<api::FirmwareInstall, &api::FirmwareInstall::source, &api::FirmwareInstall::mutable_source>("source"),
    text<api::FirmwareInstall, &api::FirmwareInstall::comment, &api::FirmwareInstall::mutable_comment>("comment")};

constexpr Member<api::FactoryReset> kFactoryReset[]{
    text<api::FactoryReset, &api::FactoryReset::confirm, &api::FactoryReset::mutable_confirm>("confirm"),
    text<api::FactoryReset, &api::FactoryReset::comment, &api::FactoryReset::mutable_comment>("comment")};

constexpr Member<api::BackupOrder> kBackupOrder[]{
    boolean<api::BackupOrder, &api::BackupOrder::keys, &api::BackupOrder::set_keys>("keys"),
    text<api::BackupOrder, &api::BackupOrder::comment, &api::BackupOrder::mutable_comment>("comment")};

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
template Response reply(const Request&, const api::Caller&, int);
template Response reply(const Request&, const api::History&, int);
template Response reply(const Request&, const api::Evaluation&, int);
template Response reply(const Request&, const api::Trace&, int);
template Response reply(const Request&, const api::Updates&, int);
template Response reply(const Request&, const api::Firmware&, int);

tl::expected<api::RulesetAction, Problem> read_ruleset_action(const Request& request) {
    if (request.body.empty()) return api::RulesetAction{};
    return read_body(request, "RulesetAction", kRulesetAction);
}

tl::expected<api::ConfigAction, Problem> read_config_action(const Request& request) {
    if (request.body.empty()) return api::ConfigAction{};
    return read_body(request, "ConfigAction", kConfigAction);
}

tl::expected<api::TraceRequest, Problem> read_trace_request(const Request& request) {
    if (request.body.empty()) return api::TraceRequest{};
    return read_body(request, "TraceRequest", kTraceRequest);
}

tl::expected<api::FirmwareAction, Problem> read_firmware_action(const Request& request) {
    if (request.body.empty()) return api::FirmwareAction{};
    return read_body(request, "FirmwareAction", kFirmwareAction);
}

tl::expected<api::FirmwareInstall, Problem> read_firmware_install(const Request& request) {
    return read_body(request, "FirmwareInstall", kFirmwareInstall);
}

tl::expected<api::FactoryReset, Problem> read_factory_reset(const Request& request) {
    return read_body(request, "FactoryReset", kFactoryReset);
}

tl::expected<api::BackupOrder, Problem> read_backup_order(const Request& request) {
    if (request.body.empty()) return api::BackupOrder{};
    return read_body(request, "BackupOrder", kBackupOrder);
}

tl::expected<api::ModeChange, Problem> read_mode_change(const Request& request) {
    return read_body(request, "ModeChange", kModeChange);
}

Response reply_text(std::string_view media_type, std::string text) {
    Response response;
    response.media_type = media_type;
    response.body = std::move(text);
    return response;
}

}  // namespace sluis
