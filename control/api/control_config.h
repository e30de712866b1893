// The tables [control], [api], [events], [history], [updates] and [notice] of the configuration file, which
// sluis-control reads besides the dataplane's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "control/bundle/bundle_store.h"
#include "control/events/events_config.h"
#include "control/history/history_config.h"
#include "control/notice/notice_config.h"
#include "control/updates/updates_config.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/config_changes.h"

namespace sluis {

/// [api]: HTTPS. Off as long as there is no certificate.
struct ApiConfig {
    std::vector<std::string> listen{"127.0.0.1:8443"};
    std::string certificate;                      ///< PEM: the box's certificate, and those between it and its root
    std::string key;                              ///< PEM
    std::string client_ca;                        ///< PEM: who signs clients' certificates
    std::string client_crl;                       ///< PEM: those that are withdrawn; empty: none
    std::string admin_unit = "sluis-admin";       ///< OU of clients that may change things
    std::vector<std::string> admin_fingerprints;  ///< SHA-256 of certificates that may, too

    bool is_on() const { return !certificate.empty(); }
};

/// [control], and what of the dataplane's tables sluis-control needs.
struct ControlConfig {
    Config dataplane;
    StoreOptions store;
    std::string audit_file = "/var/lib/sluis/audit.jsonl";
    std::string policy_file = "/etc/sluis/policy.toml";
    std::string policy_state = "/var/lib/sluis/policy";  ///< a folder: the policy's clock, and its last good text
    std::string read_group;   ///< besides root, who may connect to control-ro.sock; empty: this process's group
    std::string admin_group;  ///< the same of control-rw.sock
    /// How long sluis-dataplane may take to come up with another configuration, seconds.
    std::uint32_t restart_limit = 60;
    ApiConfig api;
    EventsConfig events;
    HistoryConfig history;
    UpdatesConfig updates;
    NoticeConfig notice;
};

/// Reads and checks the file, the dataplane's tables too. The error is one line: file:line:column, what is wrong, and
/// what to do; for an unknown key the nearest known one.
tl::expected<ControlConfig, std::string> load_control_config(const std::string& path);
/// The same, over text; `path` is only named in errors. `place`, where it is not null, gets what an error is about.
tl::expected<ControlConfig, std::string> parse_control_config(std::string_view text, const std::string& path,
                                                              ConfigPlace* place = nullptr);

/// What two configurations do not share of these tables: none of it is live.
std::vector<ConfigChange> control_changes_between(const ControlConfig& before, const ControlConfig& after);

/// These tables with the help and the default of every key, as TOML.
std::string control_config_reference();

}  // namespace sluis
