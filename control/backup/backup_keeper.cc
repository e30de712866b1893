#include "control/backup/backup_keeper.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/api/log.h"
#include "control/backup/signed_backup.h"
#include "control/bundle/bundle_clock.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Outcome = JobQueue::Outcome;

constexpr const char* kWhat = "backup.make";

tl::unexpected<api::JobError> fail(const char* name, std::string message) {
    api::JobError error;
    error.set_name(name);
    error.set_message(std::move(message));
    return tl::unexpected(std::move(error));
}

std::string summary(const BoxFiles& box, std::size_t size) {
    const std::string made =
        std::to_string(box.files.size()) + " files, " + std::to_string(size) + " bytes, signed with the box's key";
    if (box.left_out.empty()) return made;
    return made + "; without private keys: " + std::to_string(box.left_out.size()) + " files are left out";
}

}  // namespace

std::shared_ptr<const std::string> BackupKeeper::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

void BackupKeeper::look(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (last_ && now - made_ >= kKept) last_.reset();
}

Outcome BackupKeeper::make(const BackupWish& wish) {
    AuditRecord record{wish.who, kWhat, wish.comment, ""};
    const json wanted{{"keys", wish.with_keys}};
    if (const auto written = audit_.write(AuditStage::begun, record, json::object(), wanted); !written)
        return fail("audit_unwritable", written.error());
    const Outcome outcome = read_and_sign(wish);
    record.outcome = outcome ? *outcome : outcome.error().name() + ": " + outcome.error().message();
    const AuditStage stage = outcome ? AuditStage::done : AuditStage::failed;
    if (const auto written = audit_.write(stage, record, json::object(), wanted); !written)
        log_event(LogPriority::error, "audit_unwritable", {{"error", written.error()}, {"what", kWhat}});
    log_event(LogPriority::notice, kWhat, {{"who", wish.who}, {"outcome", record.outcome}});
    return outcome;
}

Outcome BackupKeeper::read_and_sign(const BackupWish& wish) {
    const auto box = read_box_files(places_, config_, wish.with_keys);
    if (!box) return fail("not_readable", box.error());
    auto backup = make_signed_backup(*box, config_.api, system_time());
    if (!backup) return fail("not_signed", backup.error());
    const std::string said = summary(*box, backup->size());
    const std::lock_guard lock(mutex_);
    last_ = std::make_shared<const std::string>(std::move(*backup));
    made_ = Clock::now();
    return said;
}

}  // namespace sluis
