#include "control/guard/relay_bypass.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/write_all.h"

namespace sluis {
namespace {

constexpr std::string_view kMode = "bypass", kTimer = "wdt", kPeriod = "period", kPowerOn = "nextboot", kJoins = "bpe";
constexpr std::string_view kNormal = "n", kJoined = "b", kYes = "1", kNo = "0";

std::string failed(std::string_view what, const std::string& path) {
    return std::string(what) + " " + path + ": " + std::strerror(errno);
}

}  // namespace

RelayBypass::Text RelayBypass::read(std::string_view attribute) const {
    const std::string path = folder_ + "/" + std::string(attribute);
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 64> text{};
    const ssize_t size = file.valid() ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size < 0) return tl::unexpected(failed("cannot read", path));
    const std::string_view whole(text.data(), static_cast<std::size_t>(size));
    return std::string(whole.substr(0, whole.find('\n')));
}

RelayBypass::Status RelayBypass::write(std::string_view attribute, std::string_view value) const {
    const std::string path = folder_ + "/" + std::string(attribute);
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    if (!file.valid() || !write_all(file.get(), as_bytes(std::string(value) + "\n")))
        return tl::unexpected(failed("cannot write", path));
    return {};
}

/// Where it is something else.
RelayBypass::Status RelayBypass::change(std::string_view attribute, std::string_view value) const {
    const Text now = read(attribute);
    if (!now) return tl::unexpected(now.error());
    return *now == value ? Status{} : write(attribute, value);
}

/// The driver takes a mode also where a jumper on the board holds the relays: what they are in is for them to say.
RelayBypass::Status RelayBypass::switch_to(std::string_view mode) const {
    if (const Status written = write(kMode, mode); !written) return written;
    const Text now = read(kMode);
    if (!now) return tl::unexpected(now.error());
    if (*now != mode)
        return tl::unexpected("the relays of " + folder_ + " are in \"" + *now + "\", and do not go to \"" +
                              std::string(mode) + "\"");
    return {};
}

/// What they do without power, and at the next power-on until somebody says otherwise.
RelayBypass::Status RelayBypass::without_this_machine(FailPolicy policy) const {
    const std::string_view joined = policy == FailPolicy::open ? kYes : kNo;
    if (read(kJoins))
        if (const Status changed = change(kJoins, joined); !changed) return changed;
    return change(kPowerOn, joined);
}

RelayBypass::Status RelayBypass::try_out() {
    for (const std::string_view attribute : {kMode, kTimer, kPeriod, kPowerOn}) {
        if (const Text now = read(attribute); !now) return tl::unexpected(now.error());
        const std::string path = folder_ + "/" + std::string(attribute);
        if (::access(path.c_str(), W_OK) != 0) return tl::unexpected(failed("cannot write", path));
    }
    return {};
}

bool RelayBypass::is_open() {
    const Text mode = read(kMode);
    return mode && *mode == kJoined;
}

/// Each write of a mode stops the timer, so there is none without need.
RelayBypass::Status RelayBypass::part() const {
    const Text mode = read(kMode);
    if (!mode) return tl::unexpected(mode.error());
    return *mode == kNormal ? Status{} : switch_to(kNormal);
}

RelayBypass::Status RelayBypass::open() {
    const Status joined = switch_to(kJoined);
    if (joined) (void)without_this_machine(FailPolicy::open);  // watch_over() has said so where that fails
    return joined;
}

RelayBypass::Status RelayBypass::close() {
    return part().and_then([&] { return change(kTimer, kNo); }).and_then([&] {
        return without_this_machine(FailPolicy::closed);
    });
}

void RelayBypass::put_away() { (void)part(); }

RelayBypass::Status RelayBypass::watch_over(FailPolicy policy) {
    if (policy == FailPolicy::closed) return close();
    return part()
        .and_then([&] { return without_this_machine(policy); })
        .and_then([&] { return change(kPeriod, std::to_string(unfed_seconds_)); })
        .and_then([&] { return write(kTimer, kYes); });
}

void RelayBypass::leave() { (void)change(kTimer, kNo); }

}  // namespace sluis
