#include "control/firmware/firmware_keeper.h"

#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "control/api/log.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;

/// An installation that takes longer is left alone, and the job fails. Within JobQueue's longest job.
constexpr std::chrono::minutes kLongestInstall{25};
constexpr int kTries = 3;

tl::unexpected<api::JobError> fail(const char* name, std::string message) {
    api::JobError error;
    error.set_name(name);
    error.set_message(std::move(message));
    return tl::unexpected(std::move(error));
}

/// VERSION_ID of os-release; empty where there is none.
std::string system_version() {
    const std::unique_ptr<char, void (*)(void*)> version(g_get_os_info(G_OS_INFO_KEY_VERSION_ID), g_free);
    return version == nullptr ? "" : version.get();
}

/// What a slot holds that RAUC has not written: the disk's image brought it, and RAUC knows no version of it.
std::string version_without_rauc(const FirmwareSlot& slot, const FirmwareSlots& all, const std::string& proven_folder) {
    constexpr std::size_t kVersionLimit = 100;  // bytes
    if (slot.boot_name.empty()) return "";
    if (slot.boot_name == all.booted) return system_version();
    std::string version;
    std::getline(std::ifstream(proven_folder + "/" + slot.boot_name), version);
    return one_line(std::string_view(version).substr(0, kVersionLimit));
}

void fill(api::Firmware& to, const FirmwareSlots& from, const std::string& proven_folder) {
    to.set_compatible(from.compatible);
    to.set_version(system_version());
    to.set_boot_slot(from.booted);
    for (const FirmwareSlot& slot : from.slots) {
        api::FirmwareSlot& made = *to.add_slots();
        made.set_name(slot.name);
        made.set_boot_name(slot.boot_name);
        made.set_state(slot.state);
        made.set_boot_status(slot.boot_status);
        made.set_version(slot.version.empty() ? version_without_rauc(slot, from, proven_folder) : slot.version);
        made.set_installed(slot.installed);
        if (slot.name == from.primary) to.set_primary(slot.boot_name);
    }
}

void fill(api::Firmware& to, const FirmwareProgress& from) {
    to.set_installing(from.installing);
    to.set_percent(static_cast<std::uint32_t>(from.percent));
    to.set_step(from.step);
    to.set_last_error(from.last_error);
}

/// What is kept of it on record.
json summary(const api::Firmware& firmware) {
    return {{"version", firmware.version()}, {"slot", firmware.boot_slot()}, {"next", firmware.primary()}};
}

/// The slot that runs; null when RAUC does not know it.
const api::FirmwareSlot* booted(const api::Firmware& firmware) {
    for (const api::FirmwareSlot& slot : firmware.slots())
        if (slot.boot_name() == firmware.boot_slot()) return &slot;
    return nullptr;
}

/// RAUC 1.13 fails so in its first stream, and in the one that follows a bundle it refused: the kernel does not know
/// the size of the stream's device yet (E2BIG). The next try finds it.
bool is_too_early(const std::string& error) {
    return error.find("Failed to load dm table") != std::string::npos &&
           (error.find("Argument list too long") != std::string::npos || error.find("E2BIG") != std::string::npos);
}

}  // namespace

FirmwareKeeper::FirmwareKeeper(FirmwareSettings settings, const AuditLog& audit)
    : settings_(std::move(settings)), audit_(audit) {
    api::Firmware unknown;
    unknown.set_trouble("RAUC was not asked yet");
    publish(std::move(unknown));
}

std::shared_ptr<const api::Firmware> FirmwareKeeper::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void FirmwareKeeper::publish(api::Firmware next) {
    auto made = std::make_shared<const api::Firmware>(std::move(next));
    const std::lock_guard lock(mutex_);
    view_ = std::move(made);
}

tl::expected<const RaucClient*, std::string> FirmwareKeeper::rauc() {
    if (!client_) {
        auto connected = RaucClient::connect(settings_.rauc);
        if (!connected) return tl::unexpected(connected.error());
        client_ = std::move(*connected);
    }
    return &*client_;
}

void FirmwareKeeper::look() {
    api::Firmware seen;
    const auto client = rauc();
    const auto slots = client ? (*client)->slots() : tl::unexpected(client.error());
    const auto progress = slots ? (*client)->progress() : tl::unexpected(slots.error());
    if (progress) {
        fill(seen, *slots, settings_.proven_folder);
        fill(seen, *progress);
    } else {
        seen.set_trouble("RAUC does not answer on this machine: " + progress.error());
        client_.reset();  // the next look connects anew
    }
    publish(std::move(seen));
}

Outcome FirmwareKeeper::on_record(const char* what, const FirmwareChange& change, const Work& work) {
    look();
    if (!view()->trouble().empty()) return fail("no_rauc", view()->trouble());
    AuditRecord record{change.who, what, change.comment, ""};
    const json before = summary(*view());
    json wish = json::object();
    if (!change.source.empty()) wish["source"] = change.source;
    if (const auto written = audit_.write(AuditStage::begun, record, before, wish); !written)
        return fail("audit_unwritable", written.error());
    const Outcome outcome = work();
    look();
    record.outcome = outcome ? *outcome : outcome.error().name() + ": " + outcome.error().message();
    const auto written =
        audit_.write(outcome ? AuditStage::done : AuditStage::failed, record, before, summary(*view()));
    if (!written) log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", what}});
    log_event(LogPriority::notice, what, {{"who", change.who}, {"outcome", record.outcome}});
    return outcome;
}

Outcome FirmwareKeeper::install(const FirmwareChange& change) {
    return on_record("firmware.install", change, [&] { return write_slot(change.source); });
}

Outcome FirmwareKeeper::write_slot(const std::string& source) {
    const auto seen = view();
    const api::FirmwareSlot* running = booted(*seen);
    if (running == nullptr) return fail("slot_unknown", "RAUC does not know which slot runs");
    if (seen->installing()) return fail("busy", "another bundle is being installed");
    if (running->boot_status() != "good")
        return fail("on_trial", "slot " + running->boot_name() +
                                    " runs on trial, and the other is what the box falls back to; wait until it is "
                                    "confirmed, or confirm it");
    auto done = follow(source);
    for (int tries = 1; !done && is_too_early(done.error()) && tries < kTries; ++tries) done = follow(source);
    if (!done) return fail("bundle_refused", done.error());
    look();
    return "slot " + view()->primary() + " is written, and what the next start takes; restart the box to try it";
}

tl::expected<void, std::string> FirmwareKeeper::follow(const std::string& source) {
    const auto client = rauc();
    if (!client) return tl::unexpected(client.error());
    if (const auto begun = (*client)->install(source); !begun) return tl::unexpected(begun.error());
    const auto end = std::chrono::steady_clock::now() + kLongestInstall;
    while (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(settings_.look_at_progress);
        const auto progress = see_progress();
        if (!progress) return tl::unexpected(progress.error());
        if (progress->installing) continue;
        if (!progress->last_error.empty()) return tl::unexpected(progress->last_error);
        return {};
    }
    return tl::unexpected("RAUC is not done after " + std::to_string(kLongestInstall.count()) + " minutes");
}

tl::expected<FirmwareProgress, std::string> FirmwareKeeper::see_progress() {
    const auto client = rauc();
    auto progress = client ? (*client)->progress() : tl::unexpected(client.error());
    if (!progress) return progress;
    api::Firmware next = *view();
    fill(next, *progress);
    publish(std::move(next));
    return progress;
}

Outcome FirmwareKeeper::confirm(const FirmwareChange& change) {
    return on_record("firmware.confirm", change, [this]() -> Outcome {
        const auto client = rauc();
        const auto marked = client ? (*client)->mark_good() : tl::unexpected(client.error());
        if (!marked) return fail("not_marked", marked.error());
        return *marked;
    });
}

Outcome FirmwareKeeper::restart(const FirmwareChange& change) {
    return on_record("firmware.restart", change, [this] {
        const std::string next = view()->primary();
        return ask_for(settings_.restart_file, "the box starts again" + (next.empty() ? "" : ", with slot " + next));
    });
}

Outcome FirmwareKeeper::reset(const FirmwareChange& change) {
    return on_record("factory.reset", change,
                     [this] { return ask_for(settings_.reset_file, "the box forgets all, and starts again"); });
}

Outcome FirmwareKeeper::ask_for(const std::string& file, std::string said) {
    if (view()->installing()) return fail("busy", "a bundle is being installed");
    const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (made < 0) return fail("not_asked", file + " cannot be made: " + std::string(std::strerror(errno)));
    ::close(made);
    return said;
}

}  // namespace sluis
