// The table [events] of the configuration file.
#pragma once

#include <cstdint>
#include <string>

namespace sluis {

struct EventsConfig {
    std::string file;  ///< empty: none
    std::uint32_t file_limit_mib = 64;
    std::string socket;  ///< empty: none
    std::string syslog;  ///< HOST:PORT; empty: none
    std::uint32_t syslog_facility = 16;
    std::string syslog_ca;  ///< PEM; empty: without TLS
    std::string syslog_certificate, syslog_key;
    std::string syslog_name;           ///< that the collector's certificate is for; empty: the host of `syslog`
    std::uint32_t stats_seconds = 60;  ///< 0: no stats events
    std::uint32_t per_second = 2000;   ///< events of one kind
    bool clients_in_clear = false;     ///< clients = "clear"
    std::string clients_reason;
    std::string clients_until;         ///< "2026-03-27": from the beginning of that day on pseudonyms again
    bool presence_by_address = false;  ///< presence_devices = "address"
    std::uint32_t presence_days = 400;
    std::string numbers_file = "/var/lib/sluis/event-numbers.json";
};

/// What no single key can tell, empty when nothing is wrong.
std::string check_events(const EventsConfig& events);

/// Whether a text is a date such as "2026-03-27"; two of them compare as their texts do.
bool is_date(const std::string& text);

}  // namespace sluis
