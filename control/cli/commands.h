// The groups of commands that sluisctl has, and its exit statuses.
#pragma once

namespace CLI {
class App;
}

namespace sluis {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnreachable = 3;  ///< who is asked does not answer: sluis-control, or the dataplane
inline constexpr int kExitRefused = 4;      ///< who is asked answers that it may not, or must not, be done

/// `sluisctl rules …`. The command that ran leaves its exit status in `status`. REQUIRES: `status` outlives the
/// parsing.
void add_rules_commands(CLI::App& app, int& status);

/// `sluisctl policy …`, likewise.
void add_policy_commands(CLI::App& app, int& status);

/// `sluisctl policy status|install` and `sluisctl explain`, which ask sluis-control. REQUIRES: add_policy_commands came
/// first.
void add_policy_api_commands(CLI::App& app, int& status);

/// `sluisctl counters`, likewise.
void add_counters_command(CLI::App& app, int& status);

/// `sluisctl dataplane …`, likewise.
void add_dataplane_commands(CLI::App& app, int& status);

/// `sluisctl bundle …` and `sluisctl keys …`; and what `sluisctl rules …` does with the bundles on a box. REQUIRES:
/// add_rules_commands came first.
void add_bundle_commands(CLI::App& app, int& status);

/// `sluisctl status` and `sluisctl stats`.
void add_status_commands(CLI::App& app, int& status);

/// `sluisctl events` and `sluisctl presence`.
void add_events_commands(CLI::App& app, int& status);

/// `sluisctl report …`.
void add_report_commands(CLI::App& app, int& status);

/// `sluisctl trace`.
void add_trace_command(CLI::App& app, int& status);

/// `sluisctl top`.
void add_top_command(CLI::App& app, int& status);

/// `sluisctl support-bundle`.
void add_support_command(CLI::App& app, int& status);

/// `sluisctl completion` and `sluisctl manual`. REQUIRES: `app` outlives the parsing; all other commands are there
/// before it.
void add_shell_commands(CLI::App& app, int& status);

/// `sluisctl ruleset …`.
void add_ruleset_commands(CLI::App& app, int& status);

/// `sluisctl snmp`.
void add_snmp_command(CLI::App& app, int& status);

/// `sluisctl mode …`.
void add_mode_commands(CLI::App& app, int& status);

/// `sluisctl firmware …`.
void add_firmware_commands(CLI::App& app, int& status);

/// `sluisctl backup`.
void add_backup_command(CLI::App& app, int& status);

/// `sluisctl config …`.
void add_config_commands(CLI::App& app, int& status);

/// `sluisctl updates …`.
void add_updates_commands(CLI::App& app, int& status);

}  // namespace sluis
