// The configuration file, /etc/sluis/sluis.toml, as far as the dataplane and sluis-inspect read it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/limits.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis {

/// [[pair]] on_failure: whether frames cross, uninspected, while a part of the box does not work.
struct FailureConfig {
    FailPolicy dataplane = FailPolicy::open;  ///< no dataplane forwards: it ended, hangs, or cannot start
};

/// [[pair]]: two ports that frames cross between.
struct PairConfig {
    std::string name;           ///< at most 15 bytes; "pair0", "pair1", … by default
    std::string inside;         ///< a PCI address or a vdev string; clients
    std::string outside;        ///< the uplink
    std::string set;            ///< of the inline set that it is a link of; empty: of none
    std::uint32_t workers = 1;  ///< of the pair, or of all its set
    bool promiscuous = true;
    PairMode mode = PairMode::in_line;
    bool follow_link = false;  ///< a port whose partner has no link is taken down, too
    FailureConfig on_failure;
    std::string relay;  ///< the folder in which a driver of the kernel's has the ports' bypass relays; empty: none
};

/// [eal]: what DPDK's environment abstraction layer is started with.
struct EalConfig {
    bool hugepages = true;           ///< false: --no-huge
    std::uint32_t memory_mib = 512;  ///< with hugepages = false: -m
    std::string file_prefix = "sluis";
    /// The workers' lcores, one each, in the order of the pairs: an EAL list such as "0,1" or "0@0,1@0"; empty: as many
    /// as needed, floating over the process's cores. The main thread always floats.
    std::string cores;
    std::vector<std::string> arguments;  ///< passed on as they are
    /// Microseconds that a worker sleeps between polls once 1000 of them in a row found nothing; 0: it never sleeps.
    std::uint32_t idle_sleep_us = 0;
};

/// The largest `[frames] mtu`, bytes.
inline constexpr std::uint32_t kLargestMtu = 16000;

/// [frames]
struct FrameConfig {
    std::uint32_t mtu = 9000;         ///< bytes of payload; what is promised to cross
    std::uint32_t buffers = 16384;    ///< frames in the pool, for each worker of a pair
    std::uint32_t queue_size = 1024;  ///< descriptors a queue
};

/// [policy]
struct PolicyConfig {
    /// Categories switched on or off against the rule set's default.
    std::vector<std::string> enforce;
    std::vector<std::string> off;
    /// Where each of them stands in the file, "LINE:COLUMN".
    std::vector<std::string> enforce_places, off_places;
    /// UDP ports on which an unreadable QUIC version is dropped.
    std::vector<std::uint16_t> quic_ports{443};
    bool strip_ech = true;
    /// Events hold names that matched nothing, too: everything that everybody visits.
    bool record_allowed = false;
    /// Refuse TLS and QUIC hellos that name no server: apps that connect to bare addresses.
    bool require_server_name = false;
};

/// [refusal]
struct RefusalConfig {
    bool sinkhole = false;
    std::optional<std::array<std::byte, 4>> sinkhole_ipv4;
    std::optional<std::array<std::byte, 16>> sinkhole_ipv6;
    std::uint32_t dns_ttl = 60;
    std::string dns_text = "Blocked: TikTok is not allowed on this network";
    std::string dns_text_nl = "Geblokkeerd: TikTok is op dit netwerk niet toegelaten";
    std::string dns_text_fr = "Bloqué : TikTok n’est pas autorisé sur ce réseau";
    std::string dns_text_de = "Gesperrt: TikTok ist in diesem Netz nicht zugelassen";
    bool tls_alert = false;      ///< tls = "alert"
    bool http_redirect = false;  ///< http = "redirect"
    std::string notice_url;
};

/// [guard]: what sluis-guard goes by.
struct GuardConfig {
    Nanoseconds hang_after = kSecond / 2;     ///< a worker that stands still for so long has its process ended
    Nanoseconds settled_after = 5 * kSecond;  ///< relays stay open until a dataplane has forwarded for so long
    std::uint32_t relay_seconds = 4;          ///< relays that are not fed for so long open by themselves
};

struct Config {
    std::string path;    ///< of the file, as it was named
    std::string digest;  ///< of its text: SHA-256, hexadecimal
    std::vector<PairConfig> pairs;
    EalConfig eal;
    FrameConfig frames;
    PolicyConfig policy;
    RefusalConfig refusal;
    Limits limits;
    GuardConfig guard;
    std::string rules =
        "/var/lib/sluis/rules/compiled";  ///< [rules] compiled: the compiled set that is loaded at start
    std::string zones =
        "/var/lib/sluis/rules/zones";              ///< [rules] zones: the zone table that is loaded at start, if any
    std::string runtime_directory = "/run/sluis";  ///< [runtime] directory
    std::string command_group;                     ///< [runtime] command_group
    std::string modes = "/var/lib/sluis/modes";    ///< [runtime] modes: where modes set by hand are kept
};

/// The most workers of all pairs together: the blocks that the counters file has room for.
inline constexpr std::uint32_t kMaxWorkers = 64;

/// Where in a text an error is.
struct ConfigPlace {
    std::uint32_t line = 0;  ///< 0: nowhere in particular
    std::string key;         ///< "limits.flows", "pair.mode"; a table's name; or empty
};

/// Reads and checks a file. The error is one line: file:line:column, what is wrong, and what to do; for an unknown key
/// the nearest known one. `need_pairs`: false for sluis-inspect, which has no ports.
tl::expected<Config, std::string> load_config(const std::string& path, bool need_pairs);
/// The same, over text; `path` is only named in errors. `place`, where it is not null, gets what an error is about.
tl::expected<Config, std::string> parse_config(std::string_view text, const std::string& path, bool need_pairs,
                                               ConfigPlace* place = nullptr);

/// Every table and key with its help, what it accepts and its default, as a TOML file that `load_config` reads.
std::string config_reference();

}  // namespace sluis
