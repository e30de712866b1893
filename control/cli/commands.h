// The groups of commands that sluisctl has, and its exit statuses.
#pragma once

#include "control/cli/command.h"

namespace sluis {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;  ///< who is asked does not answer: sluis-control, or the dataplane
inline constexpr int kExitRefused = 4;      ///< who is asked answers that it may not, or must not, be done

/// `sluisctl rules …`.
void add_rules_commands(const Command& app);

/// `sluisctl policy …`.
void add_policy_commands(const Command& app);

/// `sluisctl policy status|install` and `sluisctl explain`, which ask sluis-control. REQUIRES: add_policy_commands came
/// first.
void add_policy_api_commands(const Command& app);

/// `sluisctl counters`.
void add_counters_command(const Command& app);

/// `sluisctl dataplane …`.
void add_dataplane_commands(const Command& app);

/// `sluisctl bundle …` and `sluisctl keys …`; and what `sluisctl rules …` does with the bundles on a box. REQUIRES:
/// add_rules_commands came first.
void add_bundle_commands(const Command& app);

/// `sluisctl status` and `sluisctl stats`.
void add_status_commands(const Command& app);

/// `sluisctl events` and `sluisctl presence`.
void add_events_commands(const Command& app);

/// `sluisctl report …`.
void add_report_commands(const Command& app);

/// `sluisctl trace`.
void add_trace_command(const Command& app);

/// `sluisctl top`.
void add_top_command(const Command& app);

/// `sluisctl support-bundle`.
void add_support_command(const Command& app);

/// `sluisctl completion` and `sluisctl manual`. REQUIRES: `app` outlives the parsing; all other commands are there
/// before it.
void add_shell_commands(const Command& app);

/// `sluisctl ruleset …`.
void add_ruleset_commands(const Command& app);

/// `sluisctl snmp`.
void add_snmp_command(const Command& app);

/// `sluisctl mode …`.
void add_mode_commands(const Command& app);

/// `sluisctl firmware …`.
void add_firmware_commands(const Command& app);

/// `sluisctl backup`.
void add_backup_command(const Command& app);

/// `sluisctl config …`.
void add_config_commands(const Command& app);

/// `sluisctl updates …`.
void add_updates_commands(const Command& app);

}  // namespace sluis
