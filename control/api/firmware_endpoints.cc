#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control/api/content.h"
#include "control/api/endpoints.h"
#include "control/api/job_answer.h"
#include "control/api/job_queue.h"
#include "control/firmware/firmware_keeper.h"

namespace sluis {
namespace {

constexpr std::size_t kSourceLimit = 2000;  ///< bytes

bool is_printed(char c) { return c > ' ' && c < '\x7f'; }

std::optional<Problem> problem_with(const api::FirmwareInstall& install) {
    const std::string_view source = install.source();
    const auto wrong = [](const char* detail) { return Problem{400, detail, "source"}; };
    std::string_view rest = source;
    if (rest.starts_with("https://"))
        rest.remove_prefix(8);
    else if (rest.starts_with("http://"))
        rest.remove_prefix(7);
    else
        return wrong("write the bundle's address, https://… or http://…; its server has to know ranges");
    if (source.size() > kSourceLimit || !std::all_of(source.begin(), source.end(), is_printed))
        return wrong("an address is printable ASCII without spaces, 2000 bytes at the most");
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    if (host.empty()) return wrong("the address names no host");
    if (host.find('@') != std::string_view::npos) return wrong("the address goes on record: no password in it");
    return judge_comment(install.comment());
}

Response act(const Request& request, Services& services, const char* kind,
             JobQueue::Outcome (FirmwareKeeper::*method)(const FirmwareChange&)) {
    const auto action = read_firmware_action(request);
    if (!action) return refusal(action.error());
    if (const auto problem = judge_comment(action->comment())) return refusal(*problem);
    FirmwareKeeper& firmware = services.firmware;
    const FirmwareChange change{request.caller.name, action->comment(), ""};
    return accepted(request, services.installs, kind,
                    [&firmware, method, change] { return (firmware.*method)(change); });
}

}  // namespace

Response get_firmware(Request& request, Services& services) { return reply(request, *services.firmware.view()); }

Response post_firmware(Request& request, Services& services) {
    const auto install = read_firmware_install(request);
    if (!install) return refusal(install.error());
    if (const auto problem = problem_with(*install)) return refusal(*problem);
    FirmwareKeeper& firmware = services.firmware;
    const FirmwareChange change{request.caller.name, install->comment(), install->source()};
    return accepted(request, services.installs, "firmware.install",
                    [&firmware, change] { return firmware.install(change); });
}

Response confirm_firmware(Request& request, Services& services) {
    return act(request, services, "firmware.confirm", &FirmwareKeeper::confirm);
}

Response restart_box(Request& request, Services& services) {
    return act(request, services, "firmware.restart", &FirmwareKeeper::restart);
}

Response reset_box(Request& request, Services& services) {
    const auto order = read_factory_reset(request);
    if (!order) return refusal(order.error());
    if (order->confirm() != "forget")
        return refusal({400, "the box forgets its configuration, keys, rules and counts: write \"forget\"", "confirm"});
    if (const auto problem = judge_comment(order->comment())) return refusal(*problem);
    FirmwareKeeper& firmware = services.firmware;
    const FirmwareChange change{request.caller.name, order->comment(), ""};
    return accepted(request, services.installs, "factory.reset",
                    [&firmware, change] { return firmware.reset(change); });
}

}  // namespace sluis
