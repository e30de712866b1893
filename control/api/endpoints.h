// What answers at each path. A new endpoint is a function here and a line in routes.cc.
#pragma once

#include "control/api/api.pb.h"
#include "control/api/request.h"
#include "control/api/services.h"

namespace sluis {

// The dataplane: dataplane_endpoints.cc
Response get_status(Request& request, Services& services);
/// What get_status answers.
api::Status current_status(const Services& services);
Response get_ports(Request& request, Services& services);
Response get_stats(Request& request, Services& services);
Response get_drops(Request& request, Services& services);
Response get_health(Request& request, Services& services);

// The rules: ruleset_endpoints.cc
Response get_ruleset(Request& request, Services& services);
Response post_ruleset(Request& request, Services& services);
Response confirm_ruleset(Request& request, Services& services);
Response roll_back_ruleset(Request& request, Services& services);
Response get_job(Request& request, Services& services);

// The policy: policy_endpoints.cc
Response get_policy(Request& request, Services& services);
Response post_policy(Request& request, Services& services);
Response explain(Request& request, Services& services);

// Pulling: updates_endpoints.cc
Response get_updates(Request& request, Services& services);
Response check_updates(Request& request, Services& services);
Response install_update(Request& request, Services& services);

// How pairs are run: mode_endpoints.cc
Response post_mode(Request& request, Services& services);

// Events, and what is counted of them: event_endpoints.cc
Response get_events(Request& request, Services& services);
Response get_presence(Request& request, Services& services);
Response get_would_block(Request& request, Services& services);

// What was, and who asks: history_endpoints.cc
Response get_history(Request& request, Services& services);
Response get_report(Request& request, Services& services);
Response get_caller(Request& request, Services& services);

// Traces: trace_endpoints.cc
Response post_trace(Request& request, Services& services);
Response get_trace(Request& request, Services& services);
Response delete_trace(Request& request, Services& services);

// The configuration: config_endpoints.cc
Response get_config(Request& request, Services& services);
Response put_config(Request& request, Services& services);
Response confirm_config(Request& request, Services& services);
Response undo_config(Request& request, Services& services);

// The firmware: firmware_endpoints.cc
Response get_firmware(Request& request, Services& services);
Response post_firmware(Request& request, Services& services);
Response confirm_firmware(Request& request, Services& services);
Response restart_box(Request& request, Services& services);
Response reset_box(Request& request, Services& services);

// All that is the box's own, in one file: backup_endpoints.cc
Response post_backup(Request& request, Services& services);
Response get_backup(Request& request, Services& services);

// Documents: document_endpoints.cc
Response get_metrics(Request& request, Services& services);
Response get_openapi(Request& request, Services& services);

}  // namespace sluis
