#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/api/config_journal.h"
#include "control/api/config_keeper.h"
#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"

namespace sluis {
namespace {

constexpr std::uint32_t kLongestConfirmation = 86400;  ///< seconds

void fill(api::ConfigChange& to, const ConfigJournal& journal) {
    to.set_stage(std::string(name(journal.stage)));
    to.set_who(journal.who);
    to.set_comment(journal.comment);
    to.set_since(journal.since);
    to.set_confirm_until(journal.confirm_until);
}

/// What the parameters ask for.
tl::expected<ConfigWish, Problem> read_wish(const Request& request, const Intent& intent) {
    ConfigWish wish{request.caller.name, intent.comment, request.head.if_match, 0};
    const std::string* time = request.head.parameter("confirm_timeout");
    if (time == nullptr) return wish;
    const auto [end, error] = std::from_chars(time->data(), time->data() + time->size(), wish.confirm_seconds);
    if (error != std::errc{} || end != time->data() + time->size() || wish.confirm_seconds == 0 ||
        wish.confirm_seconds > kLongestConfirmation)
        return tl::unexpected(
            Problem{400, "write seconds, 1 to " + std::to_string(kLongestConfirmation), "confirm_timeout"});
    return wish;
}

/// RFC 6585, section 3: without the ETag, two people would undo each other's changes.
std::optional<Problem> judge_precondition(const ConfigWish& wish, const std::string& path) {
    if (wish.if_match.empty())
        return Problem{428, "say which text this is to replace: the ETag of GET /v1/config", "if-match"};
    const auto text = ConfigFiles(path).read();
    if (!text) return Problem{503, text.error(), ""};
    if (wish.if_match != "*" && wish.if_match != config_etag(config_digest(*text)))
        return Problem{412, "the configuration has changed; look again at /v1/config", "if-match"};
    return std::nullopt;
}

/// What confirming and undoing have in common.
Response act(const Request& request, Services& services, const char* kind,
             JobQueue::Outcome (ConfigKeeper::*method)(const ConfigWish&)) {
    const auto action = read_config_action(request);
    if (!action) return refusal(action.error());
    if (const auto problem = judge_comment(action->comment())) return refusal(*problem);
    const ConfigWish wish{request.caller.name, action->comment(), "", 0};
    ConfigKeeper& configuration = services.configuration;
    return accepted(request, services.changes, kind,
                    [&configuration, method, wish] { return (configuration.*method)(wish); });
}

}  // namespace

Response get_config(Request& request, Services& services) {
    const ConfigFiles files(services.config_path);
    const auto text = files.read();
    if (!text) return refusal({503, text.error(), ""});
    const std::string digest = config_digest(*text);
    api::Configuration configuration;
    configuration.set_path(services.config_path);
    configuration.set_sha256(digest);
    configuration.set_toml(*text);
    if (const auto change = services.configuration.change()) fill(*configuration.mutable_change(), *change);
    configuration.set_has_previous(files.read_previous().has_value());
    Response response = reply(request, configuration);
    response.etag = config_etag(digest);
    return response;
}

Response put_config(Request& request, Services& services) {
    const auto intent = read_intent(request);
    if (!intent) return refusal(intent.error());
    const auto wish = read_wish(request, *intent);
    if (!wish) return refusal(wish.error());
    ConfigKeeper& configuration = services.configuration;
    if (const auto problem = judge_precondition(*wish, services.config_path)) return refusal(*problem);
    const auto plan = configuration.plan(request.body);
    if (!plan) return refusal(plan.error());
    if (intent->dry_run) return reply(request, *plan);
    auto text = std::make_shared<const std::string>(std::move(request.body));
    return accepted(request, services.changes, "config.put",
                    [&configuration, text, wish = *wish] { return configuration.put(*text, wish); });
}

Response confirm_config(Request& request, Services& services) {
    return act(request, services, "config.confirm", &ConfigKeeper::confirm);
}

Response undo_config(Request& request, Services& services) {
    return act(request, services, "config.undo", &ConfigKeeper::undo);
}

}  // namespace sluis
