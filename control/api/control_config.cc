#include "control/api/control_config.h"

#include <array>
#include <cstdio>
#include <span>

#include "control/bundle/store_files.h"
#include "control/updates/mirror_url.h"
#include "dataplane/interface/config_codec.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

using namespace codec;

constexpr std::size_t kFileLimit = std::size_t{1} << 20;  ///< bytes
constexpr std::size_t kPathLimit = 4095;

/// One key of a table, as dataplane/interface/config_keys.h has them.
struct Key {
    std::string_view name;
    std::string_view help;
    std::string (*accepts)();
    std::string (*show)(const ControlConfig& config);
    std::string (*read)(const toml::node& node, ControlConfig& config);
};

struct Table {
    std::string_view name;
    std::string_view help;
    std::span<const Key> keys;
};

template <typename Codec, auto Outer, auto Member>
constexpr Key key_in(std::string_view name, std::string_view help) {
    return {name, help, [] { return Codec::accepts(); },
            [](const ControlConfig& config) { return Codec::show(config.*Outer.*Member); },
            [](const toml::node& node, ControlConfig& config) { return Codec::read(node, config.*Outer.*Member); }};
}

template <typename Codec, auto Member>
constexpr Key key(std::string_view name, std::string_view help) {
    return {name, help, [] { return Codec::accepts(); },
            [](const ControlConfig& config) { return Codec::show(config.*Member); },
            [](const toml::node& node, ControlConfig& config) { return Codec::read(node, config.*Member); }};
}

using Path = AbsolutePath<1, kPathLimit>;

// clang-format off
constexpr Key kControlKeys[]{
    key_in<Path, &ControlConfig::store, &StoreOptions::directory>("store", "where the box keeps its bundles"),
    key_in<Path, &ControlConfig::store, &StoreOptions::factory_bundle>("factory_bundle", "the bundle that the image brings"),
    key_in<Path, &ControlConfig::store, &StoreOptions::factory_keys>("factory_keys", "the key set that the image brings"),
    key_in<Text<0, 64>, &ControlConfig::store, &StoreOptions::board>("board", "this box's board; empty: bundles for any board will do"),
    key<Path, &ControlConfig::audit_file>("audit_file", "a line for each change: who, what, before and after"),
    key<Path, &ControlConfig::policy_file>("policy", "zones, dates and allowed names; without the file, [policy] holds for everybody"),
    key<Path, &ControlConfig::policy_state>("policy_state", "the folder where the policy's clock and its last good text are kept"),
    key<Text<0, 32>, &ControlConfig::read_group>("read_group", "the group that may connect to control-ro.sock; empty: this process's own"),
    key<Text<0, 32>, &ControlConfig::admin_group>("admin_group", "the group that may connect to control-rw.sock; empty: this process's own"),
    key<Seconds, &ControlConfig::restart_limit>("restart_limit", "how long sluis-dataplane may take to come up with another configuration; then the former one is put back"),
};

template <typename Codec, auto Member>
constexpr Key api_key(std::string_view name, std::string_view help) { return key_in<Codec, &ControlConfig::api, Member>(name, help); }

using FileOrNone = AbsolutePath<0, kPathLimit>;
constexpr Key kApiKeys[]{
    api_key<List<Text<1, 64>>, &ApiConfig::listen>("listen", "addresses and ports of HTTPS; nothing listens without a certificate"),
    api_key<FileOrNone, &ApiConfig::certificate>("certificate", "PEM file: the box's certificate, and those between it and its root"),
    api_key<FileOrNone, &ApiConfig::key>("key", "PEM file: the key of that certificate"),
    api_key<FileOrNone, &ApiConfig::client_ca>("client_ca", "PEM file: the roots of clients' certificates; each of them may read"),
    api_key<FileOrNone, &ApiConfig::client_crl>("client_crl", "PEM file: clients' certificates that are withdrawn"),
    api_key<Text<0, 64>, &ApiConfig::admin_unit>("admin_unit", "clients whose certificate has this organizational unit (OU) may change things, too; empty: none"),
    api_key<List<Text<64, 64>>, &ApiConfig::admin_fingerprints>("admin_fingerprints", "SHA-256 of clients' certificates (DER) that may, too; hexadecimal"),
};

struct ClientsWords {
    static constexpr std::array<const char*, 2> kWords{"pseudonym", "clear"};
};
struct DeviceWords {
    static constexpr std::array<const char*, 2> kWords{"mac", "address"};
};

/// A date, as TOML has it or in quotes; empty for none.
struct Date {
    static std::string accepts() { return "date such as 2026-03-27, or \"\""; }
    static std::string read(const toml::node& node, std::string& to) {
        if (node.is_date()) {
            const toml::date date = node.as_date()->get();
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%04u-%02u-%02u", unsigned{date.year}, unsigned{date.month},
                          unsigned{date.day});
            return to = text.data(), "";
        }
        if (!node.is_string() || (!node.as_string()->get().empty() && !is_date(node.as_string()->get())))
            return "is no date; write a " + accepts();
        return to = node.as_string()->get(), "";
    }
    static std::string show(const std::string& value) { return quoted(value); }
};

template <typename Codec, auto Member>
constexpr Key events_key(std::string_view name, std::string_view help) { return key_in<Codec, &ControlConfig::events, Member>(name, help); }

constexpr Key kEventsKeys[]{
    events_key<FileOrNone, &EventsConfig::file>("file", "the file that events are appended to; empty: none"),
    events_key<Integer<1, 65536>, &EventsConfig::file_limit_mib>("file_limit_mib", "at this size the file becomes FILE.1, and another one begins, MiB"),
    events_key<FileOrNone, &EventsConfig::socket>("socket", "a collector's Unix socket, for datagrams or a stream of lines; empty: none"),
    events_key<Text<0, 300>, &EventsConfig::syslog>("syslog", "a collector's HOST:PORT, for RFC 5424 over TCP, or TLS, with octet counting; empty: none"),
    events_key<Integer<0, 23>, &EventsConfig::syslog_facility>("syslog_facility", "RFC 5424's number of the facility; 16 is local0"),
    events_key<FileOrNone, &EventsConfig::syslog_ca>("syslog_ca", "PEM file: who has signed the collector's certificate, for syslog over TLS (RFC 5425); empty: without TLS"),
    events_key<FileOrNone, &EventsConfig::syslog_certificate>("syslog_certificate", "PEM file: what the box shows to the collector; empty: nothing"),
    events_key<FileOrNone, &EventsConfig::syslog_key>("syslog_key", "PEM file: the key of that certificate"),
    events_key<Text<0, 255>, &EventsConfig::syslog_name>("syslog_name", "the name that the collector's certificate has to be for; empty: the host of syslog"),
    events_key<Integer<0, 86400>, &EventsConfig::stats_seconds>("stats_seconds", "between two events with all counts; 0: none"),
    events_key<Integer<1, 1000000>, &EventsConfig::per_second>("per_second", "events of one type in a second; more are counted, and told as one"),
    events_key<OneOf<ClientsWords>, &EventsConfig::clients_in_clear>("clients", "how events name clients; \"clear\" needs the two keys below, and is put on record"),
    events_key<Text<0, 500>, &EventsConfig::clients_reason>("clients_reason", "why clients are shown in the clear"),
    events_key<Date, &EventsConfig::clients_until>("clients_until", "from the beginning of this day on, pseudonyms again, and an alarm"),
    events_key<OneOf<DeviceWords>, &EventsConfig::presence_by_address>("presence_devices", "what a device is told by: \"address\" where a router is between clients and the box"),
    events_key<Integer<1, 4000>, &EventsConfig::presence_days>("presence_days", "days of which the number of devices is kept"),
    events_key<Path, &EventsConfig::numbers_file>("numbers_file", "where numbers of devices and of what monitoring saw are kept"),
};

template <typename Codec, auto Member>
constexpr Key history_key(std::string_view name, std::string_view help) { return key_in<Codec, &ControlConfig::history, Member>(name, help); }

constexpr Key kHistoryKeys[]{
    history_key<Path, &HistoryConfig::file>("file", "where counts by hour and day, and what was in force or out, are kept; 64 MiB at the most"),
    history_key<Integer<1, 3600>, &HistoryConfig::save_seconds>("save_seconds", "between two times that something is written to it"),
};

struct AutoOrAsk {
    static constexpr std::array<const char*, 2> kWords{"auto", "ask"};
};
static_assert(static_cast<int>(InstallMode::automatic) == 0 && static_cast<int>(InstallMode::ask) == 1);

template <typename Codec, auto Member>
constexpr Key updates_key(std::string_view name, std::string_view help) { return key_in<Codec, &ControlConfig::updates, Member>(name, help); }

constexpr Key kUpdatesKeys[]{
    updates_key<List<Text<1, kMirrorUrlLimit>>, &UpdatesConfig::mirrors>("mirrors", "HTTPS folders with newest.note and SHA256.bundle, 8 at the most; all are asked, bundles come from the first that has them; none: nothing is pulled"),
    updates_key<Seconds, &UpdatesConfig::every>("every", "between two checks, a fifth more or less by chance; at least a minute"),
    updates_key<FileOrNone, &UpdatesConfig::ca>("ca", "PEM file: who signs the mirrors' certificates; empty: the system's list"),
    updates_key<Text<0, kMirrorUrlLimit>, &UpdatesConfig::proxy>("proxy", "http://HOST:PORT of a proxy that connects to mirrors; empty: none"),
    updates_key<Text<0, 11>, &UpdatesConfig::window>("window", "local hours in which rules are installed, as 02:00-05:00; empty: any"),
    updates_key<OneOf<AutoOrAsk>, &UpdatesConfig::install>("install", "what becomes of a newer bundle: installed, and confirmed while the box stays well, or kept until somebody installs it"),
    updates_key<Path, &UpdatesConfig::directory>("directory", "where downloads are kept, 64 MiB at the most"),
};

struct NoticeLanguageWords {
    static constexpr auto& kWords = kNoticeLanguageTags;
};

template <typename Codec, auto Member>
constexpr Key notice_key(std::string_view name, std::string_view help) { return key_in<Codec, &ControlConfig::notice, Member>(name, help); }

constexpr Key kNoticeKeys[]{
    notice_key<List<Text<1, 64>>, &NoticeConfig::listen>("listen", "the box's addresses and ports where the notice page is served over HTTP, such as \"192.0.2.10:80\"; none: there is no page"),
    notice_key<Text<0, 200>, &NoticeConfig::office>("office", "whose rule it is, as visitors know it"),
    notice_key<Date, &NoticeConfig::from>("from", "since when the rule is in force; empty: not shown"),
    notice_key<Date, &NoticeConfig::review_by>("review_by", "until when it is reviewed; empty: not shown"),
    notice_key<Date, &NoticeConfig::until>("until", "from which day on it is no longer in force; empty: not shown"),
    notice_key<Text<0, 1024>, &NoticeConfig::rule_link>("rule_link", "where the rule can be read; empty: no link"),
    notice_key<Text<0, 200>, &NoticeConfig::help_desk>("help_desk", "whom visitors may ask, with address or number"),
    notice_key<Text<0, 1024>, &NoticeConfig::help_desk_link>("help_desk_link", "the same as a link (https, http, mailto, tel); empty: no link"),
    notice_key<OneOf<NoticeLanguageWords>, &NoticeConfig::language>("language", "of visitors whose browsers ask for none of the page's languages"),
};

constexpr Table kTables[]{
    {"control", "sluis-control: rules and who may ask it", kControlKeys},
    {"api", "The control API over HTTPS, with a certificate on either side", kApiKeys},
    {"events", "What the box found, for people and collectors", kEventsKeys},
    {"history", "What reports are made of", kHistoryKeys},
    {"updates", "Pulling rules from mirrors", kUpdatesKeys},
    {"notice", "The page that tells refused visitors why", kNoticeKeys},
};
// clang-format on

ControlConfig defaults() {
    ControlConfig config;
    config.store.factory_bundle = SLUIS_FACTORY_FOLDER "/factory.bundle";
    config.store.factory_keys = SLUIS_FACTORY_FOLDER "/factory.keyset";
    return config;
}

/// Where and what, on one line.
std::string error_at(const std::string& path, const toml::source_region& where, const std::string& what) {
    const auto& [line, column] = where.begin;
    const std::string position = line == 0 ? "" : std::to_string(line) + ":" + std::to_string(column) + ":";
    return path + ":" + position + " " + one_line(what);
}

/// The first error in one table, empty when there is none.
std::string read_table(const Table& table, const toml::node& node, const std::string& path, ControlConfig& config,
                       ConfigPlace& place) {
    const std::string heading = "[" + std::string(table.name) + "]";
    place = {node.source().begin.line, std::string(table.name)};
    if (!node.is_table())
        return error_at(path, node.source(), "\"" + std::string(table.name) + "\" is no table; write " + heading);
    for (const auto& [name, value] : *node.as_table()) {
        std::vector<std::string_view> known;
        const Key* found = nullptr;
        for (const Key& key : table.keys) {
            known.push_back(key.name);
            if (key.name == name.str()) found = &key;
        }
        place = {name.source().begin.line, one_line(std::string(table.name) + "." + std::string(name.str()))};
        if (found == nullptr) {
            return error_at(path, name.source(),
                            "unknown key \"" + std::string(name.str()) + "\" in " + heading + hint(name.str(), known));
        }
        if (const std::string problem = found->read(value, config); !problem.empty())
            return error_at(path, value.source(), std::string(found->name) + " of " + heading + " " + problem);
    }
    return {};
}

/// What no single key can tell, empty when nothing is wrong.
std::string check_api(const ApiConfig& api) {
    const bool has_any = !api.certificate.empty() || !api.key.empty() || !api.client_ca.empty();
    const bool has_all = !api.certificate.empty() && !api.key.empty() && !api.client_ca.empty();
    if (has_any && !has_all) return "[api] needs certificate, key and client_ca together; write what is missing";
    for (const std::string& fingerprint : api.admin_fingerprints)
        if (fingerprint.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
            return "admin_fingerprints of [api] has \"" + fingerprint + "\"; write 64 hexadecimal digits";
    return {};
}

/// Of a table as a whole: at the key that the problem begins with, else where the table begins.
toml::source_region place_of_problem(const toml::table& root, std::string_view table, const std::string& problem) {
    const auto node = root[table];
    const toml::node* key = node[std::string_view(problem).substr(0, problem.find(' '))].node();
    if (key == nullptr) key = node.node();
    return key == nullptr ? toml::source_region{} : key->source();
}

}  // namespace

tl::expected<ControlConfig, std::string> parse_control_config(std::string_view text, const std::string& path,
                                                              ConfigPlace* place) {
    ConfigPlace unwanted;
    if (place == nullptr) place = &unwanted;
    ControlConfig config = defaults();
    auto dataplane = parse_config(text, path, false, place);
    if (!dataplane) return tl::unexpected(dataplane.error());
    config.dataplane = std::move(*dataplane);
    const toml::parse_result parsed = toml::parse(text, path);
    if (!parsed)
        return tl::unexpected(error_at(path, parsed.error().source(), std::string(parsed.error().description())));
    for (const Table& table : kTables) {
        const toml::node* node = parsed.table().get(table.name);
        if (node == nullptr) continue;
        if (std::string error = read_table(table, *node, path, config, *place); !error.empty())
            return tl::unexpected(error);
    }
    for (const auto& [table, problem] :
         {std::pair("api", check_api(config.api)), std::pair("events", check_events(config.events)),
          std::pair("history", check_history(config.history)),
          std::pair("updates", check_updates_config(config.updates)),
          std::pair("notice", check_notice(config.notice))}) {
        if (problem.empty()) continue;
        const toml::source_region where = place_of_problem(parsed.table(), table, problem);
        *place = {where.begin.line, table};
        return tl::unexpected(error_at(path, where, problem));
    }
    const auto api = parsed.table()["api"];
    if (const toml::node* listen = api["listen"].node(); listen != nullptr && !api["certificate"])
        return tl::unexpected(error_at(path, listen->source(),
                                       "listen of [api] needs certificate, key and client_ca: nothing listens without; "
                                       "write them, or leave listen out"));
    return config;
}

tl::expected<ControlConfig, std::string> load_control_config(const std::string& path) {
    const auto text = read_whole_file(path, kFileLimit);
    if (!text) return tl::unexpected(text.error().message + "; name another file by --config");
    return parse_control_config(*text, path);
}

std::vector<ConfigChange> control_changes_between(const ControlConfig& before, const ControlConfig& after) {
    std::vector<ConfigChange> changes;
    for (const Table& table : kTables)
        for (const Key& key : table.keys)
            if (std::string was = key.show(before), is = key.show(after); was != is)
                changes.push_back({std::string(table.name) + "." + std::string(key.name), was, is, false});
    return changes;
}

std::string control_config_reference() {
    const ControlConfig config = defaults();
    std::string text;
    for (const Table& table : kTables) {
        text += (text.empty() ? "# " : "\n# ") + std::string(table.help) + "\n[" + std::string(table.name) + "]\n";
        for (const Key& key : table.keys)
            text += "# " + std::string(key.help) + " (" + key.accepts() + ")\n" + std::string(key.name) + " = " +
                    key.show(config) + "\n";
    }
    return text;
}

}  // namespace sluis
