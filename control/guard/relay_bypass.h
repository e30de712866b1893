// A board's bypass relays: by a folder of sysfs in which a driver of the kernel's has one pair of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "control/guard/bypass.h"

namespace sluis {

/// The folder is a device of the kernel's class `bypass`, as CASwell's driver for Gen3 relays makes it (GPL, not a part
/// of Linux). What is used of it:
///   bypass    n: each port has its own cable; b: the cables are joined; either stops the timer
///   wdt       1: starts the timer, and feeds it; 0: stops it
///   period    seconds, 1 to 255, after which the relays leave n by themselves, unless they are fed
///   nextboot  1: at power-on they are not in n. Kept in an EEPROM, so it is written only where it differs
///   bpe       1: when they leave n, or have no power, they join the cables; 0: they cut them. Not every one has it
class RelayBypass final : public Bypass {
public:
    /// `unfed_seconds`: for `period`.
    RelayBypass(std::string folder, std::uint32_t unfed_seconds)
        : folder_(std::move(folder)), unfed_seconds_(unfed_seconds) {}

    std::string_view method() const override { return "relays"; }
    Status try_out() override;
    bool is_open() override;
    Status open() override;
    Status close() override;
    void put_away() override;
    bool outlasts_start() const override { return true; }
    Status watch_over(FailPolicy policy) override;
    void leave() override;

private:
    using Text = tl::expected<std::string, std::string>;
    Text read(std::string_view attribute) const;
    Status write(std::string_view attribute, std::string_view value) const;
    Status change(std::string_view attribute, std::string_view value) const;
    Status switch_to(std::string_view mode) const;
    Status part() const;
    Status without_this_machine(FailPolicy policy) const;

    std::string folder_;
    std::uint32_t unfed_seconds_;
};

}  // namespace sluis
