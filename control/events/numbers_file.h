// What is kept of events over a restart: numbers, by day, zone, category and rule. No key, no sketch, nobody's address.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "control/events/presence.h"
#include "control/events/would_block.h"

namespace sluis {

class NumbersFile {
public:
    /// REQUIRES: what is given by reference outlives it.
    NumbersFile(std::string path, Presence& presence, WouldBlock& would_block)
        : path_(std::move(path)), presence_(presence), would_block_(would_block) {}

    /// Takes up what was saved; no file is no error. The error, one line, is about one that is broken: it becomes
    /// PATH.broken, and counting begins anew.
    tl::expected<void, std::string> load();
    /// Replaces the file, whole, when the numbers are others than before.
    tl::expected<void, std::string> save();

private:
    std::string path_;
    Presence& presence_;
    WouldBlock& would_block_;
    std::string saved_;
};

}  // namespace sluis
