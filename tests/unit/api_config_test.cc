// The tables [control] and [api].
#include <gtest/gtest.h>

#include <string>

#include "control/api/control_config.h"

namespace sluis {
namespace {

std::string error_of(const std::string& text) {
    const auto config = parse_control_config(text, "box.toml");
    return config ? "" : config.error();
}

TEST(ControlConfig, HasDefaultsThatListenNowhere) {
    const auto config = parse_control_config("", "box.toml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_FALSE(config->api.is_on());
    EXPECT_EQ(config->store.directory, "/var/lib/sluis/rules");
    EXPECT_TRUE(config->store.factory_keys.ends_with("/factory.keyset"));
    EXPECT_EQ(config->dataplane.runtime_directory, "/run/sluis");
}

TEST(ControlConfig, ReadsItsTablesAndTheDataplanes) {
    const auto config = parse_control_config(R"(
[runtime]
directory = "/run/other"
[control]
board = "qemu-q35"
admin_group = "network"
[api]
listen = ["192.0.2.1:8443", "[2001:db8::1]:443"]
certificate = "/etc/sluis/api/box.pem"
key = "/etc/sluis/api/box.key"
client_ca = "/etc/sluis/api/ca.pem"
admin_fingerprints = ["00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"]
)",
                                             "box.toml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->dataplane.runtime_directory, "/run/other");
    EXPECT_EQ(config->store.board, "qemu-q35");
    EXPECT_EQ(config->admin_group, "network");
    EXPECT_TRUE(config->api.is_on());
    EXPECT_EQ(config->api.listen.size(), 2u);
}

TEST(ControlConfig, TakesNoPathThatDependsOnWhereItWasStarted) {
    for (const char* key :
         {"control]\nstore", "control]\nfactory_bundle", "control]\nfactory_keys", "control]\naudit_file",
          "control]\npolicy", "control]\npolicy_state", "api]\ncertificate", "api]\nkey", "api]\nclient_ca",
          "events]\nfile", "events]\nnumbers_file", "history]\nfile", "updates]\ndirectory", "updates]\nca"}) {
        const std::string error = error_of(std::string("[") + key + " = \"here/x\"\n");
        EXPECT_NE(error.find("is \"here/x\"; write it from the root on, with a slash first"), std::string::npos)
            << key << ": " << error;
    }
    EXPECT_EQ(error_of("[control]\nstore = \"\"\n"),
              "box.toml:2:9: store of [control] is empty; write text, 1 to 4095 bytes");
    EXPECT_EQ(error_of("[events]\nfile = \"\"\n"), "");
}

TEST(ControlConfig, SaysWhereAMistakeIs) {
    EXPECT_EQ(error_of("[control]\nstor = \"x\""),
              "box.toml:2:1: unknown key \"stor\" in [control]; the nearest known one is \"store\"");
    EXPECT_EQ(error_of("[control]\nstore = 1"), "box.toml:2:9: store of [control] is no text; write it in quotes");
    EXPECT_EQ(error_of("control = 1"), "box.toml:1:11: \"control\" is no table; write [control]");
    EXPECT_NE(error_of("[policy]\nenforced = []").find("unknown key \"enforced\" in [policy]"), std::string::npos);
    EXPECT_NE(error_of("[api]\nlisten = [\"127.0.0.1:1\"]").find("box.toml:2:10: listen of [api] needs certificate"),
              std::string::npos);
    EXPECT_NE(error_of("[[zone]]\nname = \"a\"").find("it belongs in policy.toml"), std::string::npos);
    EXPECT_NE(error_of("[notice]\nlisten = [\"x\"]\n").find("write addresses such as"), std::string::npos);
    EXPECT_EQ(error_of("[api]\nadmin_fingerprints = [\"a\"]"),
              "box.toml:2:22: admin_fingerprints of [api] has a wrong item 1, which has 1 byte; write text, 64 bytes");
    EXPECT_EQ(error_of("[frames]\nmtu = 1500\n[events]\nclients = \"clear\"").find("box.toml:4:11: clients = "), 0u);
    EXPECT_EQ(error_of("[api]\n# all of it\nkey = \"/k\"").find("box.toml:1:1: [api] needs"), 0u);
    EXPECT_NE(error_of("[api]\nkey = \"/k\"").find("certificate, key and client_ca together"), std::string::npos);
    EXPECT_NE(error_of("[api]\nadmin_fingerprints = [\"" + std::string(64, 'g') + "\"]").find("64 hexadecimal digits"),
              std::string::npos);
}

TEST(ControlConfig, ReadsHowEventsAreTold) {
    const auto config = parse_control_config(R"(
[events]
file = "/var/log/sluis/eve.json"
syslog = "[2001:db8::7]:601"
clients = "clear"
clients_reason = "INC-4711"
clients_until = 2026-12-01
presence_devices = "address"
)",
                                             "box.toml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->events.file, "/var/log/sluis/eve.json");
    EXPECT_TRUE(config->events.clients_in_clear);
    EXPECT_EQ(config->events.clients_until, "2026-12-01");
    EXPECT_TRUE(config->events.presence_by_address);
    EXPECT_NE(error_of("[events]\nclients = \"clear\"").find("needs clients_reason and clients_until"),
              std::string::npos);
    EXPECT_NE(error_of("[events]\nclients = \"hashed\"").find("write \"pseudonym\" or \"clear\""), std::string::npos);
    EXPECT_NE(error_of("[events]\nclients_until = \"soon\"").find("is no date"), std::string::npos);
    EXPECT_NE(error_of("[events]\nsyslog = \"collector\"").find("is no HOST:PORT"), std::string::npos);
    EXPECT_EQ(error_of("[events]\nfile = \"eve.json\""),
              "box.toml:2:8: file of [events] is \"eve.json\"; write it from the root on, with a slash first");
}

TEST(ControlConfig, ReadsWhatToPull) {
    const auto config = parse_control_config(R"(
[updates]
mirrors = ["https://mirror.example/rules"]
every = "30m"
install = "ask"
window = "22:00-04:00"
)",
                                             "box.toml");
    ASSERT_TRUE(config) << config.error();
    EXPECT_TRUE(config->updates.is_on());
    EXPECT_EQ(config->updates.every, 1800u);
    EXPECT_EQ(config->updates.install, InstallMode::ask);
    EXPECT_EQ(error_of("[updates]\nmirrors = [\"http://m/\"]"),
              "box.toml:2:11: mirrors of [updates] is \"http://m/\", which is not HTTPS; write https://HOST/FOLDER");
    EXPECT_NE(error_of("[updates]\ninstall = \"maybe\"").find("write \"auto\" or \"ask\""), std::string::npos);
    EXPECT_NE(error_of("[updates]\nmirror = []").find("the nearest known one is \"mirrors\""), std::string::npos);
}

TEST(ControlConfig, PrintsAReferenceThatItReads) {
    const auto config = parse_control_config(control_config_reference(), "reference");
    ASSERT_TRUE(config) << config.error();
    EXPECT_EQ(config->audit_file, ControlConfig{}.audit_file);
}

}  // namespace
}  // namespace sluis
