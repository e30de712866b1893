#include "control/delivery/policy_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "control/api/file_mark.h"
#include "control/policy/device_list.h"
#include "dataplane/interface/atomic_file.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

constexpr std::size_t kCopyLimit = std::size_t{1} << 30;  ///< bytes: of 64 zones with a million devices
/// Looks that miss the file before it counts as gone.
constexpr int kMissingLooks = 2;

std::string digest_of(const wire::PolicyCopy& copy) {
    wire::PolicyCopy bare = copy;
    bare.clear_sha256();
    bare.clear_file();
    return hexadecimal(sha256(as_bytes(bare.SerializeAsString())));
}

/// Nothing but addresses: an export of device management may hold people's names, too.
std::string bare_list(const DeviceList& list) {
    std::string text = "MAC address\n";
    text.reserve(text.size() + list.devices.size() * 18);
    for (const std::uint64_t device : list.devices) text += device_text(device) + "\n";
    return text;
}

wire::PolicyCopy copy_of(const Policy& policy, std::string_view text) {
    wire::PolicyCopy copy;
    copy.set_file(policy.file);
    copy.set_text(std::string(text));
    std::vector<const PolicyZone*> zones;
    for (const PolicyZone& zone : policy.zones)
        if (!zone.device_file.empty()) zones.push_back(&zone);
    std::sort(zones.begin(), zones.end(), [](const auto* a, const auto* b) { return a->device_file < b->device_file; });
    for (std::size_t i = 0; i < zones.size(); ++i) {
        if (i > 0 && zones[i]->device_file == zones[i - 1]->device_file) continue;
        wire::PolicyCopyDevices& devices = *copy.add_devices();
        devices.set_name(zones[i]->device_file);
        devices.set_list(bare_list(zones[i]->devices));
    }
    return copy;
}

PolicyPointer made_of(Policy policy, wire::PolicyCopy copy, bool is_copy) {
    auto made = std::make_shared<ReadPolicy>();
    made->digest = digest_of(copy);
    made->policy = std::move(policy);
    made->copy = std::move(copy);
    made->is_copy = is_copy;
    return made;
}

std::string first_of(const Lines& lines) {
    return lines.size() == 1 ? lines[0] : fmt::format("{} (and {} more)", lines[0], lines.size() - 1);
}

bool exists(const std::string& path) {
    std::error_code problem;
    return std::filesystem::exists(path, problem) || problem;
}

}  // namespace

std::vector<std::string> ReadPolicy::allowed_names(std::int64_t time) const {
    std::vector<std::string> names;
    for (const AllowedName& each : policy.allowed)
        if (each.until > time) names.push_back(each.name);
    std::sort(names.begin(), names.end());
    return names;
}

std::string PolicyFile::marks() const {
    std::string marks = file_mark(path_);
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    for (const std::string& name : device_files_) marks += " " + file_mark((folder / name).string());
    return marks;
}

PolicyFile::Look PolicyFile::look() {
    if (!exists(path_)) return look_at_missing();
    missing_ = 0;
    if (looked_ && marks() == marks_) return {};
    // What changes while it is read is read again with the next look.
    device_files_.clear();
    const std::string before = marks();
    const auto text = read_policy_file(path_, kPolicyFileLimit);
    auto read = text ? read_text(*text) : tl::unexpected(Lines{text.error()});
    marks_ = marks();
    if (!marks_.starts_with(before)) marks_.clear();
    if (!read) return look_at_broken(read.error());
    looked_ = true;
    return {true, true, std::move(*read), ""};
}

PolicyFile::Look PolicyFile::look_at_missing() {
    marks_.clear();
    const bool is_first = !std::exchange(looked_, true);
    missing_ = is_first ? kMissingLooks : std::min(missing_ + 1, kMissingLooks + 1);
    const bool has_gone = is_first || missing_ == kMissingLooks;
    return {has_gone, has_gone, nullptr, ""};
}

PolicyFile::Look PolicyFile::look_at_broken(const Lines& errors) {
    Look look{true, false, nullptr, first_of(errors)};
    if (std::exchange(looked_, true)) return look;
    auto copy = read_copy();
    if (!copy) {
        look.trouble += "; and there is no former one: " + first_of(copy.error());
        look.changed = true;
        return look;
    }
    return {true, true, std::move(*copy), std::move(look.trouble)};
}

tl::expected<PolicyPointer, Lines> PolicyFile::read_text(const std::string& text) const {
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    auto policy = read_policy_text(text, path_, [&](const std::string& name) {
        if (std::find(device_files_.begin(), device_files_.end(), name) == device_files_.end())
            device_files_.push_back(name);
        return read_policy_file((folder / name).string(), kDeviceFileLimit);
    });
    if (!policy) return tl::unexpected(policy.error());
    wire::PolicyCopy copy = copy_of(*policy, text);
    return made_of(std::move(*policy), std::move(copy), false);
}

tl::expected<PolicyPointer, Lines> PolicyFile::read_copy() const {
    const auto refuse = [&](const std::string& what) { return tl::unexpected(Lines{copy_path_ + ": " + what}); };
    if (!exists(copy_path_)) return refuse("not there");
    const auto bytes = read_policy_file(copy_path_, kCopyLimit);
    if (!bytes) return tl::unexpected(Lines{bytes.error()});
    wire::PolicyCopy copy;
    if (!copy.ParseFromString(*bytes) || copy.sha256() != digest_of(copy)) return refuse("damaged");
    auto policy = read_policy_text(copy.text(), copy.file(),
                                   [&](const std::string& name) -> tl::expected<std::string, std::string> {
                                       for (const wire::PolicyCopyDevices& each : copy.devices())
                                           if (each.name() == name) return each.list();
                                       return tl::unexpected(copy_path_ + ": has no list " + name);
                                   });
    if (!policy) return tl::unexpected(policy.error());
    return made_of(std::move(*policy), std::move(copy), true);
}

tl::expected<void, std::string> PolicyFile::write(const std::string& text) const {
    return write_file_atomically(path_, as_bytes(text));
}

tl::expected<void, std::string> PolicyFile::keep(const ReadPolicy* policy) const {
    std::error_code problem;
    if (policy == nullptr) {
        std::filesystem::remove(copy_path_, problem);
        return {};
    }
    wire::PolicyCopy copy = policy->copy;
    copy.set_sha256(policy->digest);
    return write_file_atomically(copy_path_, as_bytes(copy.SerializeAsString()));
}

}  // namespace sluis
