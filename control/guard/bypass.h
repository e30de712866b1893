// What lets frames of a pair cross while no dataplane does.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "dataplane/interface/config.h"

namespace sluis {

/// One pair's. State is the machine's, never the object's: whoever looks next, after any end of this process, sees it.
class Bypass {
public:
    using Status = tl::expected<void, std::string>;

    virtual ~Bypass() = default;
    /// "kernel-bridge", "relays" or "none".
    virtual std::string_view method() const = 0;
    /// Whether it would work, as far as that can be told before it has to.
    virtual Status try_out() = 0;
    virtual bool is_open() = 0;
    /// Frames cross, uninspected. Does nothing where they do already.
    virtual Status open() = 0;
    /// They do not, or only by a dataplane.
    virtual Status close() = 0;
    /// As `close`, and nothing is left behind: a dataplane forwards.
    virtual void put_away() = 0;
    /// Whether it may stay open while a dataplane has the way: it can be seen to be well before frames come to it. The
    /// kernel's bridge has to be gone by then, or frames would cross twice.
    virtual bool outlasts_start() const { return false; }
    /// Frames cross by a dataplane. Has what needs no program of this machine let them cross, or not, if all of it
    /// stands still or has no power from here on. To be called about once a second.
    virtual Status watch_over(FailPolicy) { return {}; }
    /// Nobody calls `watch_over` from here on: nothing is to follow from that.
    virtual void leave() {}
};

/// How the board joins a pair without this machine's help: `[bypass] method` of its board.toml, which an image has in
/// `board_file` as BYPASS="…"; "none" where there is no such file.
std::string board_bypass(const std::string& board_file);

/// The relays that the pair names; else the kernel's bridge where both ports are interfaces of the kernel; else one
/// that cannot open, and says why.
std::unique_ptr<Bypass> make_bypass(const PairConfig& pair, const GuardConfig& guard, const std::string& board_method);

}  // namespace sluis
