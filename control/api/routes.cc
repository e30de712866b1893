#include "control/api/routes.h"

#include "control/api/endpoints.h"

namespace sluis {
namespace {

constexpr std::string_view kMessage[]{kJson, kProtobuf};
constexpr std::string_view kMetrics[]{"text/plain; version=0.0.4; charset=utf-8"};
constexpr std::string_view kEvents[]{"text/event-stream"};
constexpr std::string_view kPlain[]{"text/plain; charset=utf-8"};
constexpr std::string_view kCapture[]{kJson, kProtobuf, kPcapng};
constexpr std::string_view kReport[]{kJson, kProtobuf, kCsv, kHtml};
constexpr std::string_view kBackup[]{kTar};
constexpr std::string_view kYaml[]{"application/yaml", "text/yaml"};

// clang-format off
constexpr Route kRoutes[]{
    // method         path                     role         body               answers   parameters              handler
    {Method::get,  "/v1/status",           Role::read,  BodyForm::none,    kMessage, {},                     get_status},
    {Method::get,  "/v1/ports",            Role::read,  BodyForm::none,    kMessage, {},                     get_ports},
    {Method::get,  "/v1/stats",            Role::read,  BodyForm::none,    kMessage, {},                     get_stats},
    {Method::get,  "/v1/stats/drops",      Role::read,  BodyForm::none,    kMessage, {},                     get_drops},
    {Method::get,  "/v1/ruleset",          Role::read,  BodyForm::none,    kMessage, {},                     get_ruleset},
    {Method::post, "/v1/ruleset",          Role::admin, BodyForm::bundle,  kMessage, {"dry_run", "probation", "comment"}, post_ruleset},
    {Method::post, "/v1/ruleset/confirm",  Role::admin, BodyForm::message, kMessage, {},                     confirm_ruleset},
    {Method::post, "/v1/ruleset/rollback", Role::admin, BodyForm::message, kMessage, {},                     roll_back_ruleset},
    {Method::get,  "/v1/updates",          Role::read,  BodyForm::none,    kMessage, {},                     get_updates},
    {Method::post, "/v1/updates/check",    Role::admin, BodyForm::message, kMessage, {},                     check_updates},
    {Method::post, "/v1/updates/install",  Role::admin, BodyForm::message, kMessage, {},                     install_update},
    {Method::get,  "/v1/jobs/{id}",        Role::read,  BodyForm::none,    kMessage, {},                     get_job},
    {Method::get,  "/v1/explain",          Role::read,  BodyForm::none,    kMessage, {"name", "client", "vlan", "pair", "mac", "at"}, explain},
    {Method::get,  "/v1/policy",           Role::read,  BodyForm::none,    kMessage, {},                     get_policy},
    {Method::post, "/v1/policy",           Role::admin, BodyForm::toml,    kMessage, {"dry_run", "comment"}, post_policy},
    {Method::get,  "/v1/config",           Role::read,  BodyForm::none,    kMessage, {},                     get_config},
    {Method::put,  "/v1/config",           Role::admin, BodyForm::toml,    kMessage, {"dry_run", "confirm_timeout", "comment"}, put_config},
    {Method::post, "/v1/config/confirm",   Role::admin, BodyForm::message, kMessage, {},                     confirm_config},
    {Method::post, "/v1/config/undo",      Role::admin, BodyForm::message, kMessage, {},                     undo_config},
    {Method::post, "/v1/mode",             Role::admin, BodyForm::message, kMessage, {},                     post_mode},
    {Method::get,  "/v1/firmware",         Role::read,  BodyForm::none,    kMessage, {},                     get_firmware},
    {Method::post, "/v1/firmware",         Role::admin, BodyForm::message, kMessage, {},                     post_firmware},
    {Method::post, "/v1/firmware/confirm", Role::admin, BodyForm::message, kMessage, {},                     confirm_firmware},
    {Method::post, "/v1/firmware/restart", Role::admin, BodyForm::message, kMessage, {},                     restart_box},
    {Method::post, "/v1/factory-reset",    Role::admin, BodyForm::message, kMessage, {},                     reset_box},
    {Method::post, "/v1/backup",           Role::admin, BodyForm::message, kMessage, {},                     post_backup},
    {Method::get,  "/v1/backup",           Role::admin, BodyForm::none,    kBackup,  {},                     get_backup},
    {Method::get,  "/v1/events",           Role::read,  BodyForm::none,    kEvents,  {"types", "follow"},    get_events},
    {Method::get,  "/v1/presence",         Role::read,  BodyForm::none,    kMessage, {},                     get_presence},
    {Method::get,  "/v1/report/would-block", Role::read, BodyForm::none,   kMessage, {},                     get_would_block},
    {Method::get,  "/v1/history",          Role::read,  BodyForm::none,    kMessage, {"from", "to", "by"},   get_history},
    {Method::get,  "/v1/report",           Role::read,  BodyForm::none,    kReport,  {"from", "to"},         get_report},
    {Method::get,  "/v1/caller",           Role::read,  BodyForm::none,    kMessage, {},                     get_caller},
    {Method::get,  "/v1/openapi.yaml",     Role::read,  BodyForm::none,    kYaml,    {},                     get_openapi},
    {Method::post, "/v1/trace",            Role::admin, BodyForm::message, kMessage, {},                     post_trace},
    {Method::get,  "/v1/trace/{id}",       Role::admin, BodyForm::none,    kCapture, {"from"},               get_trace},
    {Method::del,  "/v1/trace/{id}",       Role::admin, BodyForm::none,    kMessage, {},                     delete_trace},
    {Method::get,  "/metrics",             Role::read,  BodyForm::none,    kMetrics, {},                     get_metrics},
    {Method::get,  "/healthz",             Role::read,  BodyForm::none,    kPlain,   {},                     get_health},
};
// clang-format on

}  // namespace

std::span<const Route> api_routes() { return kRoutes; }

}  // namespace sluis
