#include "control/firmware/firmware_keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/api/firmware_metrics.h"
#include "dataplane/interface/one_line.h"
#include "rauc_stand_in.h"
#include "scratch_folder.h"

namespace sluis {
namespace {

constexpr const char* kSource = "https://updates.example/box.raucb";

class FirmwareKeeperTest : public testing::Test {
protected:
    FirmwareSettings settings() const {
        return {.rauc = {.bus = rauc_.address(), .name = ""},
                .restart_file = folder_ / "restart-box",
                .reset_file = folder_ / "reset-box",
                .proven_folder = folder_ / "proven",
                .look_at_progress = std::chrono::milliseconds{1}};
    }
    std::vector<nlohmann::json> audit() const {
        std::vector<nlohmann::json> lines;
        std::ifstream file(folder_ / "audit");
        for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line).at("audit"));
        return lines;
    }

    ScratchFolder folder_;
    RaucStandIn rauc_{folder_ / "rauc"};
    AuditLog log_{folder_ / "audit"};
    FirmwareKeeper keeper_{settings(), log_};
    FirmwareChange change_{"admin", "CHG-1", kSource};
};

TEST_F(FirmwareKeeperTest, ShowsWhatRaucKnows) {
    keeper_.look();
    const auto view = keeper_.view();
    EXPECT_EQ(view->trouble(), "");
    EXPECT_EQ(view->compatible(), "sluis-desk");
    EXPECT_EQ(view->boot_slot(), "A");
    EXPECT_EQ(view->primary(), "A");
    ASSERT_EQ(view->slots_size(), 2);
    EXPECT_EQ(view->slots(0).boot_status(), "good");
    EXPECT_EQ(view->slots(1).version(), "0.2.0");
    EXPECT_EQ(view->percent(), 40u);
    EXPECT_EQ(view->step(), "Copying image");
}

TEST_F(FirmwareKeeperTest, KnowsTheVersionsThatTheDisksImageBrought) {
    rauc_.forget_version_of_other();
    keeper_.look();
    const std::string running = keeper_.view()->version();
    EXPECT_NE(running, "") << "this test needs an os-release";
    EXPECT_EQ(keeper_.view()->slots(0).version(), running);
    EXPECT_EQ(keeper_.view()->slots(1).version(), "") << "nothing was good there yet";
    std::filesystem::create_directory(folder_ / "proven");
    std::ofstream(folder_ / "proven/A") << "1.3\n";
    std::ofstream(folder_ / "proven/B") << "1.4\x1b\nmore\n";
    keeper_.look();
    EXPECT_EQ(keeper_.view()->slots(0).version(), running);
    EXPECT_EQ(keeper_.view()->slots(1).version(), one_line("1.4\x1b"));
}

TEST_F(FirmwareKeeperTest, InstallsAndPutsItOnRecord) {
    const auto outcome = keeper_.install(change_);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_NE(outcome->find("slot B is written"), std::string::npos) << *outcome;
    EXPECT_EQ(rauc_.installed(), std::vector<std::string>{kSource});
    const auto lines = audit();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].at("after").at("source"), kSource);
    EXPECT_EQ(lines[1].at("stage"), "done");
    EXPECT_EQ(lines[1].at("after").at("next"), "B");
}

TEST_F(FirmwareKeeperTest, SaysWhyABundleIsRefused) {
    rauc_.set_outcomes({"signature verification failed: self-signed certificate"});
    const auto outcome = keeper_.install(change_);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().name(), "bundle_refused");
    EXPECT_NE(outcome.error().message().find("self-signed"), std::string::npos);
    EXPECT_EQ(audit().at(1).at("stage"), "failed");
    EXPECT_EQ(rauc_.installed().size(), 1u);
}

TEST_F(FirmwareKeeperTest, TriesAgainWhatWasTooEarly) {
    const std::string too_early =
        "Failed mounting bundle: Failed to load dm table: Argument list too long, check DM_VERITY";
    rauc_.set_outcomes({too_early, too_early});
    EXPECT_TRUE(keeper_.install(change_));
    EXPECT_EQ(rauc_.installed().size(), 3u);
    rauc_.set_outcomes({too_early, too_early, too_early, ""});
    EXPECT_FALSE(keeper_.install(change_));
    EXPECT_EQ(rauc_.installed().size(), 6u);
}

TEST_F(FirmwareKeeperTest, KeepsTheSlotThatTheBoxFallsBackTo) {
    rauc_.set_booted_status("bad");
    const auto outcome = keeper_.install(change_);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().name(), "on_trial");
    EXPECT_TRUE(rauc_.installed().empty());
    EXPECT_TRUE(keeper_.confirm(change_));
    EXPECT_EQ(keeper_.view()->slots(0).boot_status(), "good");
    EXPECT_TRUE(keeper_.install(change_));
}

TEST_F(FirmwareKeeperTest, AsksForAnotherStartByAFile) {
    const auto outcome = keeper_.restart(change_);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "restart-box"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "reset-box"));
}

TEST_F(FirmwareKeeperTest, AsksForAFactoryResetByAnotherFile) {
    const auto outcome = keeper_.reset(change_);
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "reset-box"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "restart-box"));
    EXPECT_EQ(audit().back().at("what"), "factory.reset");
}

TEST_F(FirmwareKeeperTest, WhatCannotBeRecordedIsNotDone) {
    const AuditLog nowhere(folder_ / "none/audit");
    FirmwareKeeper keeper(settings(), nowhere);
    for (const auto act :
         {&FirmwareKeeper::install, &FirmwareKeeper::confirm, &FirmwareKeeper::restart, &FirmwareKeeper::reset}) {
        const auto outcome = (keeper.*act)(change_);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().name(), "audit_unwritable");
    }
    EXPECT_TRUE(rauc_.installed().empty());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "restart-box"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "reset-box"));
}

TEST(FirmwareWithoutRauc, SaysSo) {
    const ScratchFolder folder;
    const AuditLog log((folder / "audit"));
    FirmwareKeeper keeper({.rauc = {.bus = "unix:path=" + (folder / "nobody"), .name = ""}}, log);
    keeper.look();
    EXPECT_NE(keeper.view()->trouble(), "");
    const auto outcome = keeper.install({"admin", "", kSource});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().name(), "no_rauc");
}

api::FirmwareSlot slot(const char* boot_name, const char* status, const char* version) {
    api::FirmwareSlot made;
    made.set_boot_name(boot_name);
    made.set_boot_status(status);
    made.set_version(version);
    return made;
}

std::string metrics_of(const api::Firmware& firmware) {
    MetricsText text;
    write_firmware_metrics(text, firmware);
    return text.take();
}

TEST(FirmwareMetrics, NameTheSlotsAndWhatIsWrongWithThem) {
    api::Firmware firmware;
    firmware.set_boot_slot("A");
    *firmware.add_slots() = slot("A", "good", "0.2.0");
    *firmware.add_slots() = slot("B", "bad", "");
    *firmware.add_slots() = slot("", "bad", "");
    EXPECT_EQ(firmware_alarms(firmware).size(), 0u) << "a slot that never was written is none to install anew";
    EXPECT_NE(metrics_of(firmware).find("\nsluis_firmware_slot_good{slot=\"A\"} 1\n"
                                        "sluis_firmware_slot_good{slot=\"B\"} 0\n# "),
              std::string::npos);
    firmware.mutable_slots(0)->set_boot_status("bad");
    firmware.mutable_slots(1)->set_version("0.1.0");
    const std::string text = metrics_of(firmware);
    EXPECT_NE(text.find("\nsluis_firmware_alarms{alarm=\"firmware_on_trial\"} 1\n"
                        "sluis_firmware_alarms{alarm=\"firmware_slot_bad\"} 1\n"),
              std::string::npos)
        << text;
    firmware.set_installing(true);
    EXPECT_EQ(firmware_alarms(firmware).size(), 0u);
}

}  // namespace
}  // namespace sluis
