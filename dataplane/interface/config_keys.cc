#include "dataplane/interface/config_keys.h"

#include "dataplane/interface/config_codec.h"

namespace sluis {
namespace {

using namespace codec;

/// The field that a path of members leads to: &Config::frames, &FrameConfig::mtu.
template <auto First, auto... Rest, typename AnyConfig>
auto& field(AnyConfig& config) {
    if constexpr (std::is_same_v<decltype(First), std::vector<PairConfig> Config::*>)
        return ((config.*First).back().*....*Rest);
    else
        return ((config.*First).*....*Rest);
}

template <typename Codec, auto... Path>
constexpr ConfigKey key(std::string_view name, std::string_view help) {
    return {name, help, [] { return Codec::accepts(); },
            [](const Config& config) { return Codec::show(field<Path...>(config)); },
            [](const toml::node& node, Config& config) { return Codec::read(node, field<Path...>(config)); }};
}

/// Of a key whose new value a dataplane that runs takes up (Configure of command.proto).
constexpr ConfigKey live(ConfigKey key) {
    key.live = true;
    return key;
}

// One line a key: what it is in the file, where it is kept, what it means.
// clang-format off

template <typename Codec, auto Member>
constexpr ConfigKey pair_key(std::string_view name, std::string_view help) { return key<Codec, &Config::pairs, Member>(name, help); }

constexpr ConfigKey kPairKeys[]{
    pair_key<Word<15>, &PairConfig::name>("name", "shown in counters and logs; pair0, pair1, … by default"),
    pair_key<Device, &PairConfig::inside>("inside", "the port towards the clients; required"),
    pair_key<Device, &PairConfig::outside>("outside", "the port towards the uplink; required"),
    pair_key<Word<15>, &PairConfig::set>("set", "pairs of the same set are links of one path (the members of an aggregated link, redundant links): a flow may cross any of them, each frame leaves by its own pair, and workers and mode have to be the same in all; none by default"),
    pair_key<Integer<1, kMaxWorkers>, &PairConfig::workers>("workers", "threads that share the flows of this pair, or of its whole set"),
    pair_key<Boolean, &PairConfig::promiscuous>("promiscuous", "take frames for any MAC address, as a bridge must"),
    live(pair_key<OneOf<PairModes>, &PairConfig::mode>("mode", "how the pair is run, unless a mode was set by hand: inspected, inspected and never refused, a mere wire, or closed")),
    pair_key<Boolean, &PairConfig::follow_link>("follow_link", "take a port down while its partner has no link, so that both neighbours see what happened; needs a port that can be taken down"),
    live(pair_key<OnFailure, &PairConfig::on_failure>("on_failure", "whether frames cross, uninspected, while no dataplane forwards: sluis-guard sees to it")),
    live(pair_key<AbsolutePath<0, 255>, &PairConfig::relay>("relay", "bypass relays: while no dataplane forwards, and without power, they join the two ports' cables into one, past the box, unless on_failure says closed. The folder in which a driver of the kernel's has those of these two ports, such as \"/sys/class/bypass/g3bp0\"; empty: there are none, and sluis-guard has the kernel's bridge, where ports are the kernel's")),
};

template <typename Codec, auto Member>
constexpr ConfigKey eal_key(std::string_view name, std::string_view help) { return key<Codec, &Config::eal, Member>(name, help); }

constexpr ConfigKey kEalKeys[]{
    eal_key<Boolean, &EalConfig::hugepages>("hugepages", "false: ordinary memory (--no-huge), for virtual devices only"),
    eal_key<Integer<64, 1 << 20>, &EalConfig::memory_mib>("memory_mib", "without hugepages: how much memory, MiB"),
    eal_key<Word<64>, &EalConfig::file_prefix>("file_prefix", "tells apart the DPDK programs of one machine"),
    eal_key<Text<0, 1024>, &EalConfig::cores>("cores", "the workers' lcores, one each, in the order of the pairs: \"2,3\", or lcore@cpu as in \"0@2,1@3\"; empty: as many as needed, floating over all CPUs that the process may use"),
    eal_key<List<Text<1, 1024>>, &EalConfig::arguments>("arguments", "more arguments for DPDK's EAL, as they are"),
    eal_key<Integer<0, 1000>, &EalConfig::idle_sleep_us>("idle_sleep_us", "microseconds that an idle worker sleeps between polls, for small or shared machines; 0: it never sleeps"),
};

template <typename Codec, auto Member>
constexpr ConfigKey frames_key(std::string_view name, std::string_view help) { return key<Codec, &Config::frames, Member>(name, help); }

constexpr ConfigKey kFramesKeys[]{
    frames_key<Integer<576, kLargestMtu>, &FrameConfig::mtu>("mtu", "the largest payload that must cross, bytes; each port's own MTU bounds it too"),
    frames_key<Integer<1024, 1 << 20>, &FrameConfig::buffers>("buffers", "frame buffers for each worker of a pair"),
    frames_key<Integer<64, 32768>, &FrameConfig::queue_size>("queue_size", "descriptors of each receive and transmit queue"),
};

template <typename Codec, auto Member>
constexpr ConfigKey policy_key(std::string_view name, std::string_view help) { return key<Codec, &Config::policy, Member>(name, help); }

constexpr ConfigKey kPolicyKeys[]{
    live(policy_key<List<Text<1, 64>>, &PolicyConfig::enforce>("enforce", "categories to block beyond the rule set's defaults")),
    live(policy_key<List<Text<1, 64>>, &PolicyConfig::off>("off", "categories not to block although the rule set would")),
    live(policy_key<List<Integer<1, 65535>>, &PolicyConfig::quic_ports>("quic_ports", "UDP ports on which QUIC versions that cannot be read are dropped")),
    live(policy_key<Boolean, &PolicyConfig::strip_ech>("strip_ech", "take ECH configurations out of DNS answers that are not signed, so that names stay readable")),
    policy_key<Boolean, &PolicyConfig::record_allowed>("record_allowed", "put names that pass unremarked into the events too; think of whose they are"),
    live(policy_key<Boolean, &PolicyConfig::require_server_name>("require_server_name", "refuse TLS and QUIC hellos that name no server, as of apps that connect to bare addresses")),
};

template <typename Codec, auto Member>
constexpr ConfigKey refusal_key(std::string_view name, std::string_view help) { return key<Codec, &Config::refusal, Member>(name, help); }

constexpr ConfigKey kRefusalKeys[]{
    live(refusal_key<OneOf<RefusalMode>, &RefusalConfig::sinkhole>("mode", "what a refused DNS question is answered with: no such name, or the addresses below")),
    live(refusal_key<Address<AF_INET, 4>, &RefusalConfig::sinkhole_ipv4>("sinkhole_ipv4", "the notice page's address")),
    live(refusal_key<Address<AF_INET6, 16>, &RefusalConfig::sinkhole_ipv6>("sinkhole_ipv6", "the notice page's address")),
    live(refusal_key<Seconds, &RefusalConfig::dns_ttl>("dns_ttl", "how long clients may keep the answer")),
    live(refusal_key<Text<0, 200>, &RefusalConfig::dns_text>("dns_text", "sent with the answer (RFC 8914, EXTRA-TEXT), in zones whose language is none of the next three")),
    live(refusal_key<Text<0, 200>, &RefusalConfig::dns_text_nl>("dns_text_nl", "the same in zones whose language is Dutch")),
    live(refusal_key<Text<0, 200>, &RefusalConfig::dns_text_fr>("dns_text_fr", "the same in zones whose language is French")),
    live(refusal_key<Text<0, 200>, &RefusalConfig::dns_text_de>("dns_text_de", "the same in zones whose language is German")),
    live(refusal_key<OneOf<TlsRefusal>, &RefusalConfig::tls_alert>("tls", "what a refused TLS client gets: a TCP reset, or the alert access_denied and the connection's end")),
    live(refusal_key<OneOf<HttpRefusal>, &RefusalConfig::http_redirect>("http", "what a refused HTTP client gets: a TCP reset, or a redirect to notice_url")),
    live(refusal_key<WebAddress, &RefusalConfig::notice_url>("notice_url", "where HTTP clients are redirected to: the notice page by a name that is not blocked, or by address")),
};

template <typename Codec, auto Member>
constexpr ConfigKey limit(std::string_view name, std::string_view help) { return key<Codec, &Config::limits, Member>(name, help); }

// What takes memory is bounded so that no value alone asks for more than a few GiB a worker.
template <int bits>
using UpTo = Integer<1, 1 << bits>;
using Count = UpTo<24>;
using FailPolicy = OneOf<OpenOrClosed>;

constexpr ConfigKey kLimitsKeys[]{
    limit<UpTo<22>, &Limits::flows>("flows", "undecided, cleartext and blocked TCP flows, per worker"),
    limit<UpTo<22>, &Limits::flows_per_source>("flows_per_source", "undecided flows of one IPv4 address or IPv6 /64"),
    limit<UpTo<22>, &Limits::blocked_flows_per_source>("blocked_flows_per_source", "blocked flows of one source; beyond it the oldest is forgotten"),
    limit<Integer<2048, 1 << 30>, &Limits::stream_bytes_per_source>("stream_bytes_per_source", "bytes of buffers that one source's flows may hold"),
    limit<UpTo<22>, &Limits::forgotten_hellos>("forgotten_hellos", "flows with half a hello at their server that lost their room, per worker"),
    limit<Integer<2048, 1 << 20>, &Limits::stream_bytes>("stream_bytes", "bytes kept of one direction of a flow"),
    limit<UpTo<16>, &Limits::large_streams>("large_streams", "streams that outgrew a small buffer, per worker"),
    limit<UpTo<20>, &Limits::small_streams>("small_streams", "streams with a small buffer, per worker"),
    limit<UpTo<17>, &Limits::http2_connections>("http2_connections", "cleartext HTTP/2 connections that are read, a worker"),
    limit<Count, &Limits::http2_connections_per_source>("http2_connections_per_source", "cleartext HTTP/2 connections of one source"),
    limit<Duration, &Limits::open_hello>("open_hello", "a hello, header block or message that does not complete"),
    limit<Duration, &Limits::unfinished_hello>("unfinished_hello", "how long the rest of a hello that did not complete is kept from its server"),
    limit<Duration, &Limits::idle_flow>("idle_flow", "an undecided or cleartext flow that says nothing"),
    limit<Duration, &Limits::blocked_flow>("blocked_flow", "a blocked flow after its last frame"),
    limit<Duration, &Limits::closing_flow>("closing_flow", "a flow after FIN or RST"),
    limit<UpTo<19>, &Limits::quic_connections>("quic_connections", "undecided or blocked connections, per worker"),
    limit<Count, &Limits::quic_connections_per_pair>("quic_connections_per_pair", "connection IDs undecided at once on one pair of endpoints"),
    limit<Count, &Limits::quic_connections_per_source>("quic_connections_per_source", "undecided connections of one source"),
    limit<Integer<1, 64>, &Limits::quic_paths_per_connection>("quic_paths_per_connection", "pairs of endpoints that one connection ID is read from"),
    limit<UpTo<16>, &Limits::quic_large_hellos>("quic_large_hellos", "hellos over QUIC that outgrew a small buffer, per worker"),
    limit<Count, &Limits::quic_large_hellos_per_source>("quic_large_hellos_per_source", "such hellos of one source"),
    limit<Integer<1200, 1 << 20>, &Limits::crypto_bytes>("crypto_bytes", "bytes of one connection's Initial CRYPTO stream"),
    limit<Duration, &Limits::quic_connection>("quic_connection", "an undecided connection that says nothing"),
    limit<UpTo<18>, &Limits::datagrams>("datagrams", "fragmented datagrams incomplete at once, per worker"),
    limit<Count, &Limits::datagrams_per_source>("datagrams_per_source", "fragmented datagrams of one source, incomplete or refused"),
    limit<Integer<1, 64>, &Limits::fragments_per_datagram>("fragments_per_datagram", "fragments of one datagram, at most 64"),
    limit<Count, &Limits::fragments_per_source>("fragments_per_source", "fragments held for one source"),
    limit<UpTo<20>, &Limits::fragments>("fragments", "fragments held in all, per worker"),
    limit<Duration, &Limits::fragment_lifetime>("fragment_lifetime", "a datagram that does not complete"),
    limit<UpTo<20>, &Limits::monitored_flows>("monitored_flows", "flows that matched a monitored category, remembered to be cut once it is enforced, per worker"),
    limit<Integer<0, 8>, &Limits::tunnel_depth>("tunnel_depth", "headers of tunnels (GRE, VXLAN, IP in IP and the like) that are looked through"),
    limit<FailPolicy, &Limits::deeper_tunnel>("deeper_tunnel", "what happens to packets in more tunnels than that"),
    limit<FailPolicy, &Limits::deeper_vlan>("deeper_vlan", "what happens to IP packets in more than four VLANs"),
    limit<FailPolicy, &Limits::exhausted>("exhausted", "what happens to new flows when a worker's tables are full"),
    limit<OneOf<OverloadPolicies>, &Limits::overload>("overload", "what happens to new flows while more comes than a worker can inspect: they pass unread, they are dropped, or they are read all the same, and frames of any flow are lost"),
};

constexpr ConfigKey kGuardKeys[]{
    live(key<Duration, &Config::guard, &GuardConfig::hang_after>("hang_after", "a dataplane of which one worker stands still for so long is ended, and started again by systemd; frames cross by on_failure meanwhile")),
    live(key<Duration, &Config::guard, &GuardConfig::settled_after>("settled_after", "bypass relays leave the cables joined until a new dataplane has forwarded for so long, so that one that fails again and again does not have neighbours lose their link each time")),
    live(key<Integer<2, 255>, &Config::guard, &GuardConfig::relay_seconds>("relay_seconds", "bypass relays that sluis-guard has not fed for so many seconds, since the machine stands still, join the cables of an open pair by themselves")),
};

constexpr ConfigKey kRulesKeys[]{
    key<Text<1, 4095>, &Config::rules>("compiled", "the rule set that is loaded at start; sluisctl rules compile makes one"),
    key<Text<0, 4095>, &Config::zones>("zones", "the zone table that was made for it, loaded at start when the file is there; without one, [policy] holds for everybody"),
};

constexpr ConfigKey kRuntimeKeys[]{
    key<Text<0, 32>, &Config::command_group>("command_group", "the group whose members may give commands and read events, besides root and the dataplane's own user; empty: none"),
    key<Text<0, 4095>, &Config::modes>("modes", "the file that keeps modes set by hand over an end of the process; empty: they end with it"),
    key<Text<1, 92>, &Config::runtime_directory>("directory", "where the counters, the events, the command socket and the lock are, best on a tmpfs; counters and events stay readable after the end, until the next start"),
};

constexpr ConfigTable kTables[]{
    {"pair", true, "Two ports that frames cross between. One table a pair.", kPairKeys},
    {"eal", false, "What DPDK is started with.", kEalKeys},
    {"frames", false, "Frame buffers.", kFramesKeys},
    {"policy", false, "What is blocked.", kPolicyKeys},
    {"refusal", false, "What a blocked client gets.", kRefusalKeys},
    {"limits", false, "Every bound on what the box keeps.", kLimitsKeys},
    {"guard", false, "Who looks whether the dataplane works: sluis-guard.", kGuardKeys},
    {"rules", false, "The rule set.", kRulesKeys},
    {"runtime", false, "Files that the process writes.", kRuntimeKeys},
};
// clang-format on

constexpr std::string_view kForeignTables[]{"api", "control", "events", "history", "notice", "updates"};

}  // namespace

std::span<const ConfigTable> config_tables() { return kTables; }
std::span<const std::string_view> foreign_tables() { return kForeignTables; }

}  // namespace sluis
