#include "control/api/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/events/event_line.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

tl::unexpected<std::string> error(const std::string& path) {
    return tl::unexpected(path + ": cannot be written: " + std::strerror(errno) +
                          "; make room, or set audit_file in [control]");
}

std::string_view stage_name(AuditStage stage) {
    return stage == AuditStage::begun ? "begun" : stage == AuditStage::done ? "done" : "failed";
}

}  // namespace

tl::expected<void, std::string> AuditLog::write(AuditStage stage, const AuditRecord& record, const json& before,
                                                const json& after) const {
    json audit{{"who", record.who}, {"what", record.what}, {"stage", stage_name(stage)}};
    if (!record.comment.empty()) audit["comment"] = record.comment;
    if (!record.outcome.empty()) audit["outcome"] = record.outcome;
    audit["before"] = before;
    audit["after"] = after;
    const json line{{"timestamp", event_timestamp(event_time_now())}, {"event_type", "audit"}, {"audit", audit}};
    const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    struct stat found {};
    if (::stat(path_.c_str(), &found) == 0 && found.st_size >= kAuditFileLimit)
        std::rename(path_.c_str(), (path_ + ".1").c_str());
    const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0) return error(path_);
    found = {};
    ::fstat(file, &found);
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         (::fsync(file) == 0 || errno == EINVAL);
    // Half a line would spoil the next one, too.
    struct stat whole {};
    if (!written && ::fstat(file, &whole) == 0 && whole.st_size > found.st_size) [[maybe_unused]]
        const int cut = ::ftruncate(file, found.st_size);
    const auto outcome = written ? tl::expected<void, std::string>{} : error(path_);
    ::close(file);
    if (written && listener_) listener_(audit);
    return outcome;
}

}  // namespace sluis
