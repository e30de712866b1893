#include "dataplane/interface/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "dataplane/interface/config_keys.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/set_layout.h"
#include "tests/unit/scratch_folder.h"

namespace sluis {
namespace {

const std::string kPair = "[[pair]]\ninside = \"net_null0\"\noutside = \"net_null1\"\n";

std::string error_of(const std::string& text, bool need_pairs = true) {
    const auto config = parse_config(text, "test.toml", need_pairs);
    return config ? "no error" : config.error();
}

TEST(Config, AnEmptyFileIsTheDefaultsWhereNoPortsAreNeeded) {
    const auto config = parse_config("", "test.toml", false);
    ASSERT_TRUE(config) << config.error();
    EXPECT_TRUE(config->pairs.empty());
    EXPECT_EQ(config->frames.mtu, 9000u);
    EXPECT_EQ(config->limits.flows, Limits{}.flows);
    EXPECT_EQ(config->runtime_directory, "/run/sluis");
}

TEST(Config, ReadsEveryTable) {
    const auto config = parse_config(R"(
[[pair]]
inside = "01:00.0"
outside = "net_af_packet0,iface=eth1"
workers = 3
promiscuous = false
[[pair]]
name = "uplink"
inside = "net_ring0"
outside = "net_ring1"
[pair.on_failure]
dataplane = "closed"
[eal]
hugepages = false
memory_mib = 128
file_prefix = "test"
cores = "0@0,1@0,2@1,3@1"
arguments = ["--log-level=debug"]
idle_sleep_us = 50
[frames]
mtu = 1500
buffers = 4096
queue_size = 512
[policy]
enforce = ["encrypted-dns"]
off = ["shared-overseas", "tiktok"]
quic_ports = [443, 8443]
[refusal]
mode = "sinkhole"
sinkhole_ipv4 = "192.0.2.1"
sinkhole_ipv6 = "2001:db8::1"
dns_ttl = "5m"
dns_text = "No."
dns_text_nl = "Nee."
dns_text_fr = "Non."
dns_text_de = "Nein."
tls = "alert"
http = "redirect"
notice_url = "http://192.0.2.1/"
[limits]
flows = 1000
open_hello = "500ms"
idle_flow = "1h"
tunnel_depth = 0
deeper_tunnel = "closed"
exhausted = "closed"
[guard]
hang_after = "2s"
[rules]
compiled = "/tmp/rules"
[runtime]
directory = "/tmp/run"
[control]
anything = "goes"
)",
                                     "test.toml", true);
    ASSERT_TRUE(config) << config.error();
    ASSERT_EQ(config->pairs.size(), 2u);
    EXPECT_EQ(config->pairs[0].name, "pair0");
    EXPECT_EQ(config->pairs[0].inside, "0000:01:00.0");
    EXPECT_EQ(config->pairs[0].outside, "net_af_packet0,iface=eth1");
    EXPECT_EQ(config->pairs[0].workers, 3u);
    EXPECT_FALSE(config->pairs[0].promiscuous);
    EXPECT_EQ(config->pairs[1].name, "uplink");
    EXPECT_EQ(config->pairs[1].workers, 1u);
    EXPECT_TRUE(config->pairs[1].promiscuous);
    EXPECT_EQ(config->pairs[0].on_failure.dataplane, FailPolicy::open);
    EXPECT_EQ(config->pairs[1].on_failure.dataplane, FailPolicy::closed);
    EXPECT_FALSE(config->eal.hugepages);
    EXPECT_EQ(config->eal.memory_mib, 128u);
    EXPECT_EQ(config->eal.file_prefix, "test");
    EXPECT_EQ(config->eal.cores, "0@0,1@0,2@1,3@1");
    EXPECT_EQ(config->eal.arguments, std::vector<std::string>{"--log-level=debug"});
    EXPECT_EQ(config->eal.idle_sleep_us, 50u);
    EXPECT_EQ(config->frames.mtu, 1500u);
    EXPECT_EQ(config->frames.buffers, 4096u);
    EXPECT_EQ(config->frames.queue_size, 512u);
    EXPECT_EQ(config->policy.enforce, std::vector<std::string>{"encrypted-dns"});
    EXPECT_EQ(config->policy.off, (std::vector<std::string>{"shared-overseas", "tiktok"}));
    EXPECT_EQ(config->policy.quic_ports, (std::vector<std::uint16_t>{443, 8443}));
    EXPECT_TRUE(config->refusal.sinkhole);
    EXPECT_EQ((*config->refusal.sinkhole_ipv4)[0], std::byte{192});
    EXPECT_EQ((*config->refusal.sinkhole_ipv6)[15], std::byte{1});
    EXPECT_EQ(config->refusal.dns_ttl, 300u);
    EXPECT_EQ(config->refusal.dns_text, "No.");
    EXPECT_EQ(config->refusal.dns_text_nl, "Nee.");
    EXPECT_EQ(config->refusal.dns_text_fr, "Non.");
    EXPECT_EQ(config->refusal.dns_text_de, "Nein.");
    EXPECT_TRUE(config->refusal.tls_alert);
    EXPECT_TRUE(config->refusal.http_redirect);
    EXPECT_EQ(config->refusal.notice_url, "http://192.0.2.1/");
    EXPECT_EQ(config->limits.flows, 1000u);
    EXPECT_EQ(config->limits.open_hello, kSecond / 2);
    EXPECT_EQ(config->limits.idle_flow, 3600 * kSecond);
    EXPECT_EQ(config->limits.tunnel_depth, 0u);
    EXPECT_EQ(config->limits.deeper_tunnel, FailPolicy::closed);
    EXPECT_EQ(config->limits.exhausted, FailPolicy::closed);
    EXPECT_EQ(config->guard.hang_after, 2 * kSecond);
    EXPECT_EQ(config->rules, "/tmp/rules");
    EXPECT_EQ(config->runtime_directory, "/tmp/run");
}

/// Two pairs, the first of which is of the set "lag".
const std::string kLinks = kPair + "set = \"lag\"\n[[pair]]\ninside = \"net_ring0\"\noutside = \"net_ring1\"\n";

/// So many pairs of one set.
std::string links(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
        text += "[[pair]]\nset = \"lag\"\nworkers = 40\ninside = \"net_null" + std::to_string(2 * i) +
                "\"\noutside = \"net_null" + std::to_string(2 * i + 1) + "\"\n";
    return text;
}

TEST(Config, PairsOfASetShareItsWorkers) {
    const auto config = parse_config(
        links(8) + "[[pair]]\ninside = \"net_ring0\"\noutside = \"net_ring1\"\n" + "[eal]\ncores = \"0-40\"\n",
        "test.toml", true);
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(total_workers(*config), 41u);
    const auto sets = inline_sets(*config);
    ASSERT_EQ(sets.size(), 2u);
    EXPECT_EQ(sets[0].name, "lag");
    EXPECT_EQ(sets[0].pairs, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(sets[1].name, "pair8");
    EXPECT_EQ(sets[1].pairs, std::vector<std::size_t>{8});
}

struct WrongConfig {
    std::string text;
    std::string error;  ///< the whole line, without "test.toml:"
};

const std::vector<WrongConfig> kWrong{
    // Not TOML, or not what we know.
    {"[eal\n", "1:5: "},
    {"[ael]\n", R"(1:2: unknown table "ael"; the nearest known one is "eal")"},
    {kPair + "[frames]\nmut = 1500\n", R"(5:1: unknown key "mut" in [frames]; the nearest known one is "mtu")"},
    {kPair + "promiscous = true\n",
     R"(4:1: unknown key "promiscous" in [[pair]]; the nearest known one is "promiscuous")"},
    {kPair + "[frames]\nMTU = 1500\n", R"(5:1: unknown key "MTU" in [frames]; the nearest known one is "mtu")"},
    {kPair + "[frames]\nnetwork = 1\n",
     R"(5:1: unknown key "network" in [frames]; known are "mtu", "buffers", "queue_size")"},
    {"[limits]\nnetwork = 1\n", R"(2:1: unknown key "network" in [limits]; sluis-dataplane --help-config prints)"},
    {"[frames]\n\"a\\nb\" = 1\n", R"(2:1: unknown key "a?b" in [frames])"},
    {"[frames]\nmtu = \"\xff\"\n", "2:"},
    {"eal = 3\n", R"("eal" is no table; write [eal])"},
    {"[pair]\ninside = \"net_null0\"\n", R"("pair" is no list of tables; write [[pair]])"},
    {"[[frames]]\nmtu = 1500\n", R"("frames" is no table; write [frames])"},
    {"[frames]\nmtu = 1500\nmtu = 1600\n", "3:"},
    // Values.
    {kPair + "on_failure = \"open\"\n",
     R"(4:14: on_failure of [[pair]] is no table; write { dataplane = "open" or "closed" }, one of the two)"},
    {kPair + "on_failure = { dataplain = \"open\" }\n",
     R"(on_failure of [[pair]] has the unknown cause "dataplain"; write { dataplane = "open" or "closed" })"},
    {kPair + "on_failure = { dataplane = true }\n",
     R"(on_failure of [[pair]] has a dataplane that is no text; write "open" or "closed", in quotes)"},
    {kPair + "on_failure = { dataplane = \"shut\" }\n",
     R"(on_failure of [[pair]] has a dataplane that is "shut", which is not known here; write "open" or "closed")"},
    {"[frames]\nmtu = \"1500\"\n",
     "2:7: mtu of [frames] is no integer; write an integer, 576 to 16000, without quotes"},
    {"[frames]\nmtu = 1500.0\n", "2:7: mtu of [frames] is no integer"},
    {"[frames]\nmtu = 100000\n", "2:7: mtu of [frames] is 100000, out of range; write an integer, 576 to 16000"},
    {"[frames]\nmtu = -1\n", "2:7: mtu of [frames] is -1, out of range"},
    {"[eal]\nhugepages = \"no\"\n", "2:13: hugepages of [eal] is neither true nor false"},
    {"[eal]\nfile_prefix = \"\"\n", "2:15: file_prefix of [eal] is empty"},
    {"[eal]\nfile_prefix = \"../../etc/x\"\n",
     R"(2:15: file_prefix of [eal] is "../../etc/x", which will not do; write 1 to 64 letters, digits, ".", "_" and "-")"},
    {"[eal]\nfile_prefix = \"a/b\"\n", R"(2:15: file_prefix of [eal] is "a/b", which will not do)"},
    {"[eal]\nfile_prefix = \".hidden\"\n", R"(2:15: file_prefix of [eal] is ".hidden", which will not do)"},
    {"[eal]\nfile_prefix = \"a b\"\n", R"(2:15: file_prefix of [eal] is "a b", which will not do)"},
    {"[runtime]\ndirectory = \"/run/\\nsluis\"\n", "2:13: directory of [runtime] holds a control character"},
    {"[limits]\nflows = 4294967296\n", "2:9: flows of [limits] is 4294967296, out of range; write an integer, 1 to"},
    {"[limits]\nflows = 99999999999999999999\n", "2:"},
    {"[limits]\nlarge_streams = 16777216\n", "2:17: large_streams of [limits] is 16777216, out of range"},
    {"[limits]\nsmall_streams = 16777216\n", "2:17: small_streams of [limits] is 16777216, out of range"},
    {"[eal]\nmemory_mib = 99999999\n", "2:14: memory_mib of [eal] is 99999999, out of range"},
    {"[eal]\narguments = \"-v\"\n",
     "2:13: arguments of [eal] is no list; write [ITEM, ITEM], or [] for none, each item: text, 1 to 1024 bytes"},
    {"[eal]\narguments = [\"-v\", 3]\n", "2:13: arguments of [eal] has a wrong item 2, which is no text"},
    {"[policy]\nquic_ports = [443, 70000]\n",
     "quic_ports of [policy] has a wrong item 2, which is 70000, out of range"},
    {"[limits]\nopen_hello = 10\n",
     R"(2:14: open_hello of [limits] is no text with a unit; write a time such as "500ms", "10s", "5m" or "1h", )"
     R"(from "1ms" to a day, no fractions, in quotes)"},
    {"[limits]\nopen_hello = \"10\"\n", R"(is "10", which is no length of time; write a time such as "500ms")"},
    {"[limits]\nopen_hello = \"0s\"\n",
     R"(open_hello of [limits] is "0s", which is too short; write a time such as "500ms", "10s", "5m" or "1h", from "1ms")"},
    {"[limits]\nopen_hello = \"-1s\"\n", R"(is "-1s", which is no length of time)"},
    {"[limits]\nopen_hello = \"1.5s\"\n", R"(is "1.5s", which is no length of time)"},
    {"[limits]\nopen_hello = \"1 s\"\n", R"(is "1 s", which is no length of time)"},
    {"[limits]\nopen_hello = \"s\"\n", R"(is "s", which is no length of time)"},
    {"[limits]\nopen_hello = \"25h\"\n", R"(is "25h", which is too long; write a time such as)"},
    {"[limits]\nopen_hello = \"86400001ms\"\n", "which is too long"},
    {"[limits]\nopen_hello = \"18446744073709551615s\"\n", "which is too long"},
    {"[limits]\nopen_hello = \"99999999999999999999s\"\n", "which is too long"},
    {"[guard]\nsettled_after = \"" + std::string(99, 'x') + "\"\n",
     "is \"" + std::string(60, 'x') + "…\", which is no length of time"},
    {"[guard]\nsettled_after = \"" + std::string(59, 'x') + "éé\"\n", std::string(59, 'x') + "…\", which"},
    {"[limits]\nexhausted = \"opened\"\n",
     R"(2:13: exhausted of [limits] is "opened", which is not known here; write "open" or "closed")"},
    {"[refusal]\nsinkhole_ipv4 = \"192.0.2\"\n",
     "2:17: sinkhole_ipv4 of [refusal] is \"192.0.2\", which is no address; write an IPv4 address such as"},
    {"[refusal]\nsinkhole_ipv4 = \"192.0.2.1\\u0000x\"\n", "which is no address; write an IPv4 address"},
    {"[refusal]\nsinkhole_ipv6 = \"192.0.2.1\"\n", "which is no address; write an IPv6 address"},
    {"[refusal]\ndns_ttl = \"500ms\"\n",
     R"(2:11: dns_ttl of [refusal] is "500ms", which is too short; write a time such as "10s", "5m" or "1h", from "1s")"},
    {"[refusal]\ndns_ttl = \"1500ms\"\n",
     "is \"1500ms\", which is no whole number of seconds; write a time such as \"10s\""},
    {"[refusal]\nmode = \"sinkhole\"\n", R"(2:8: mode "sinkhole" has no address to answer with)"},
    {"[refusal]\nhttp = \"redirect\"\n", R"(2:8: http "redirect" has nowhere to lead to; set notice_url)"},
    {"[refusal]\ntls = \"none\"\n",
     R"(2:7: tls of [refusal] is "none", which is not known here; write "reset" or "alert")"},
    {"[refusal]\nnotice_url = \"notice.example\"\n",
     R"(notice_url of [refusal] is "notice.example", which is no address of the web; write an address)"},
    {"[refusal]\nnotice_url = \"http://\"\n", "which is no address of the web"},
    {"[refusal]\nnotice_url = \"http://a b\"\n", "which is no address of the web"},
    {"[refusal]\nnotice_url = \"http://a\\u00e9\"\n", "which is no address of the web"},
    {"[refusal]\nnotice_url = \"javascript:a\"\n", "which is no address of the web"},
    // Pairs.
    {"", " there is no port pair; write a [[pair]]"},
    {"[[pair]]\ninside = \"net_null0\"\n", R"(1:1: pair "pair0" has no port "outside"; name a device)"},
    {"[[pair]]\noutside = \"net_null0\"\n", R"(1:1: pair "pair0" has no port "inside")"},
    {"[[pair]]\ninside = \"eth0\"\noutside = \"net_null1\"\n",
     R"(2:10: inside of [[pair]] is wrong: "eth0" is no device name)"},
    {"[[pair]]\ninside = \"net_null0\"\noutside = \"net_null0\"\n",
     "3:11: device net_null0 is the port pair0.inside already; each port needs a device of its own"},
    {kPair + "[[pair]]\ninside = \"net_ring0\"\noutside = \"net_null1\"\n",
     "6:11: device net_null1 is the port pair0.outside"},
    {"[[pair]]\ninside = \"0000:01:00.0\"\noutside = \"01:00.0\"\n",
     "3:11: device 0000:01:00.0 is the port pair0.inside"},
    {"[[pair]]\ninside = \"net_af_packet0,iface=eth0\"\noutside = \"net_af_packet1,iface=eth0\"\n",
     "3:11: interface eth0 is the port pair0.inside already"},
    {kPair + "relay = \"/r/a\"\n[[pair]]\ninside = \"net_ring0\"\noutside = \"net_ring1\"\nrelay = \"/r/a/\"\n",
     R"(8:9: relay "/r/a/" is pair "pair0"'s already; each pair needs relays of its own)"},
    {kPair + "relay = \"sys/class/bypass/g3bp0\"\n",
     R"(4:9: relay of [[pair]] is "sys/class/bypass/g3bp0"; write it from the root on, with a slash first)"},
    {kPair + "name = \"\"\n", "4:8: name of [[pair]] is empty; leave the key out, or write 1 to 15 letters"},
    {kPair + "name = \"a name that is too long\"\n", "4:8: name of [[pair]] has 23 bytes"},
    {kPair + "name = \"pair1\"\n[[pair]]\ninside = \"net_ring0\"\noutside = \"net_ring1\"\n",
     R"(two pairs are called "pair1")"},
    {kPair + "workers = 0\n", "4:11: workers of [[pair]] is 0, out of range; write an integer, 1 to 64"},
    {kPair + "workers = 40\n[[pair]]\ninside = \"net_ring0\"\noutside = \"net_ring1\"\nworkers = 40\n",
     "there are more than 64 workers"},
    // Sets.
    {kLinks + "set = \"pair0\"\n", "5:1: set \"pair0\" has the name of a pair; give one of them another name"},
    {kPair + "set = \"lag\"\n", R"(1:1: set "lag" has the pair "pair0" alone; write it in another [[pair]] too)"},
    {kLinks + "set = \"lag\"\nworkers = 2\n",
     R"(5:1: pairs "pair0" and "pair1" of the set "lag" differ in workers; write the same in both)"},
    {kLinks + "set = \"lag\"\nmode = \"wire\"\n", R"(pairs "pair0" and "pair1" of the set "lag" differ in mode)"},
    {links(9), R"(set "lag" has more than 8 pairs; make two sets of it)"},
    {kPair + "set = \"a set with blanks\"\n", R"(4:7: set of [[pair]])"},
    // What stands at the top.
    {"[[zone]]\nname = \"a\"\n", R"(1:3: unknown list of tables "zone"; it belongs in policy.toml, the file that)"},
    {"[zone]\nname = \"a\"\n", R"(1:2: unknown table "zone"; it belongs in policy.toml)"},
    {"zone = 5\n", R"(1:1: unknown key "zone"; it belongs in policy.toml)"},
    {"mtu = 1500\n", R"(1:1: unknown key "mtu"; it belongs below [frames])"},
    {"mtuu = 1500\n", R"(1:1: unknown key "mtuu"; the nearest known one is "mtu")"},
    {"[[limit]]\nflows = 1\n", R"(unknown list of tables "limit"; the nearest known one is "limits")"},
    {"control = 1\n", R"(1:11: "control" is no table; write [control])"},
    {"[[api]]\nlisten = []\n", R"("api" is no table; write [api])"},
    // Lcores.
    {kPair + "[eal]\ncores = \"0@x\"\n", R"(5:9: cores of [eal] is "0@x", which is no list of lcores; write it as in)"},
    {kPair + "[eal]\ncores = \"3-1\"\n", "is no list of lcores"},
    {kPair + "[eal]\ncores = \"(0,1\"\n", "is no list of lcores"},
    {kPair + "[eal]\ncores = \"0,\"\n", "is no list of lcores"},
    {kPair + "[eal]\ncores = \"0@0,0@1\"\n", "has lcore 0 twice; write each once"},
    {kPair + "[eal]\ncores = \"127\"\n",
     R"(has lcore 127; the highest is 126, so write its CPU behind it, as in "0@127")"},
    {kPair + "workers = 3\n[eal]\ncores = \"0-1\"\n",
     "6:9: cores of [eal] has 2 lcore(s) for 3 workers; write one each"},
    // EAL arguments that are ours to give.
    {kPair + "[eal]\narguments = [\"--lcores=0-3\"]\n", R"(5:14: argument "--lcores" is not free; set cores instead)"},
    {kPair + "[eal]\narguments = [\"-n\", \"4\", \"--no-huge\"]\n",
     R"(argument "--no-huge" is not free; set hugepages)"},
    {kPair + "[eal]\narguments = [\"-l0-3\"]\n", R"(5:14: argument "-l0-3" is not free; set cores instead)"},
    {kPair + "[eal]\narguments = [\"--file-pre=x\"]\n", R"(argument "--file-pre" is not free; set file_prefix)"},
    {kPair + "[eal]\narguments = [\"--help\"]\n", R"(5:14: argument "--help" is not free; leave it out)"},
    {kPair + "[eal]\narguments = [\"--hel\"]\n", R"(5:14: argument "--hel" is not free; leave it out)"},
    {kPair + "[eal]\narguments = [\"--version\"]\n", R"(argument "--version" is not free; leave it out)"},
    {kPair + "[eal]\narguments = [\"-h\"]\n", R"(argument "-h" is not free; leave it out)"},
    {kPair + "[eal]\narguments = [\"-v\"]\n", R"(argument "-v" is not free; leave it out)"},
    {kPair + "[eal]\narguments = [\"--\", \"x\"]\n", R"(argument "--" ends what the EAL reads)"},
    {kPair + "[eal]\narguments = [\"--proc-type=secondary\"]\n", R"(argument "--proc-type" is not free)"},
    {kPair + "[eal]\narguments = [\"--legacy-mem\"]\n", R"(argument "--legacy-mem" is not free; leave it out)"},
    {kPair + "[eal]\nhugepages = false\narguments = [\"--in-memory\"]\n", "6:14: \"--in-memory\" needs hugepages"},
};

TEST(Config, SaysWhatIsWrongAndWhere) {
    for (const WrongConfig& wrong : kWrong) {
        SCOPED_TRACE(wrong.text);
        const bool need_pairs = wrong.text.empty() || wrong.text.find("pair") != std::string::npos;
        const std::string error = error_of(wrong.text, need_pairs);
        EXPECT_EQ(error.rfind("test.toml:", 0), 0u) << error;
        EXPECT_NE(error.find(wrong.error), std::string::npos) << error;
        EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
}

TEST(Config, EalArgumentsThatAreFreePass) {
    EXPECT_EQ(error_of(kPair + "[eal]\narguments = [\"-n\", \"4\", \"--log-level=debug\", \"--iova-mode=va\", "
                               "\"--huge-unlink\", \"-r2\"]\n"),
              "no error");
}

TEST(Config, EveryFormOfCores) {
    for (const std::string cores :
         {"2,3", "0-3", "0@2,1@3", "(0-2)@5", "0@(1,3-4)", "(0,6),7-8", "1,2@(5-7),(3-5)@(0,2)"})
        EXPECT_EQ(error_of(kPair + "workers = 1\n[eal]\ncores = \"" + cores + "\"\n"), "no error") << cores;
}

TEST(Config, AnEditorsMarksAreNoError) {
    EXPECT_EQ(error_of("\xef\xbb\xbf" + kPair), "no error") << "a byte order mark";
    EXPECT_EQ(error_of("[[pair]]\r\ninside = \"net_null0\"\r\noutside = \"net_null1\"\r\n"), "no error");
}

TEST(Config, PortsAreNeededOnlyByTheDataplane) {
    EXPECT_EQ(error_of("[limits]\nflows = 10\n", false), "no error");
    EXPECT_NE(error_of("[limits]\nflows = 10\n", true), "no error");
}

TEST(Config, TheReferenceIsAConfigurationOfDefaults) {
    const std::string reference = config_reference();
    const auto config = parse_config(reference, "reference.toml", true);
    ASSERT_TRUE(config) << config.error() << "\n" << reference;
    ASSERT_EQ(config->pairs.size(), 1u);
    Config defaults;
    defaults.pairs.push_back(config->pairs[0]);
    for (const ConfigTable& table : config_tables()) {
        EXPECT_NE(reference.find(std::string("[") + std::string(table.name) + "]"), std::string::npos);
        for (const ConfigKey& key : table.keys) {
            EXPECT_EQ(key.show(*config), key.show(defaults)) << table.name << "." << key.name;
            EXPECT_FALSE(key.help.empty()) << key.name;
            EXPECT_NE(reference.find("\n" + std::string(key.show(defaults).empty() ? "# " : "") +
                                     std::string(key.name) + " = "),
                      std::string::npos)
                << key.name;
        }
    }
}

TEST(Config, EveryLimitHasItsOwnKey) {
    // Each key of [limits] is set to a value that is not its default, alone: exactly that key's value changes.
    const auto table = std::find_if(config_tables().begin(), config_tables().end(),
                                    [](const ConfigTable& candidate) { return candidate.name == "limits"; });
    ASSERT_NE(table, config_tables().end());
    for (const ConfigKey& key : table->keys) {
        const std::string before = key.show(Config{});
        const std::string value = before.back() != '"'     ? (before == "7"                     ? "8"
                                                              : before == "2"                   ? "7"
                                                              : before == "64" || before == "4" ? "33"
                                                                                                : "43210")
                                  : before == "\"open\""   ? "\"closed\""
                                  : before == "\"closed\"" ? "\"open\""
                                                           : "\"1234ms\"";
        const auto config =
            parse_config("[limits]\n" + std::string(key.name) + " = " + value + "\n", "test.toml", false);
        ASSERT_TRUE(config) << config.error();
        for (const ConfigKey& other : table->keys)
            EXPECT_EQ(other.show(*config), other.name == key.name ? value : other.show(Config{}))
                << key.name << ": " << other.name;
    }
}

TEST(Config, LoadsAFile) {
    const ScratchFolder folder;
    const std::string path = folder / "sluis.toml";
    std::ofstream(path) << kPair;
    const auto config = load_config(path, true);
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->pairs[0].inside, "net_null0");
}

TEST(Config, SaysThatAFileCannotBeRead) {
    const auto absent = load_config("/nonexistent/sluis.toml", true);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error(),
              "/nonexistent/sluis.toml: cannot be read: No such file or directory; make one by "
              "sluis-dataplane --help-config > /nonexistent/sluis.toml, or name another one by --config");
    const auto directory = load_config("/", true);
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error(), "/: is no regular file; give a configuration file");
    EXPECT_FALSE(load_config("/dev/zero", true));
}

TEST(Config, WaitsForNoPipeAndReadsNoHugeFile) {
    const ScratchFolder folder;
    const std::string path = folder / "odd";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto pipe = load_config(path, true);
    std::filesystem::remove(path);
    std::ofstream(path) << kPair;
    std::filesystem::resize_file(path, 64 << 20);
    const auto huge = load_config(path, true);
    ASSERT_TRUE(!pipe && !huge);
    EXPECT_NE(pipe.error().find("is no regular file"), std::string::npos) << pipe.error();
    EXPECT_NE(huge.error().find("has 67108864 bytes, and 1048576 are the most"), std::string::npos) << huge.error();
}

TEST(EditDistance, KnownAnswers) {
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("same", "same"), 0u);
    EXPECT_EQ(edit_distance("eal", "ael"), 1u);
    EXPECT_EQ(edit_distance("abcd", "badc"), 2u);
}

TEST(EditDistance, AHintIsNearOrAll) {
    const std::vector<std::string_view> known{"workers", "mtu", "flows_per_source"};
    EXPECT_EQ(hint("workers", {}), "");
    EXPECT_EQ(hint("wokres", known), "; the nearest known one is \"workers\"");
    EXPECT_EQ(hint("Flow_Per_Source", known), "; the nearest known one is \"flows_per_source\"");
    EXPECT_EQ(hint("colour", known), "; known are \"workers\", \"mtu\", \"flows_per_source\"");
    EXPECT_EQ(hint("x", known, '\''), "; known are 'workers', 'mtu', 'flows_per_source'");
    EXPECT_EQ(hint("colour", std::vector<std::string_view>(20, "flows_per_source")), "") << "too many to list";
}

}  // namespace
}  // namespace sluis
