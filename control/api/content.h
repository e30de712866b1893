// Messages as JSON or protobuf, whichever the client chose.
#pragma once

#include <string_view>

#include <google/protobuf/message_lite.h>
#include <tl/expected.hpp>

#include "control/api/api.pb.h"
#include "control/api/request.h"

namespace sluis {

/// `message`, written in the request's media type.
template <typename Message>
Response reply(const Request& request, const Message& message, int status = 200);

/// The body of a request that may leave it out. Unknown members and fields are refused.
tl::expected<api::RulesetAction, Problem> read_ruleset_action(const Request& request);
tl::expected<api::ConfigAction, Problem> read_config_action(const Request& request);
tl::expected<api::TraceRequest, Problem> read_trace_request(const Request& request);
tl::expected<api::FirmwareAction, Problem> read_firmware_action(const Request& request);
tl::expected<api::BackupOrder, Problem> read_backup_order(const Request& request);
/// The same of a body that has to be there.
tl::expected<api::ModeChange, Problem> read_mode_change(const Request& request);
tl::expected<api::FirmwareInstall, Problem> read_firmware_install(const Request& request);
tl::expected<api::FactoryReset, Problem> read_factory_reset(const Request& request);

/// Text as it is.
Response reply_text(std::string_view media_type, std::string text);

}  // namespace sluis
