#include "control/guard/kept_modes.h"

#include <fstream>
#include <iterator>

#include "dataplane/interface/command.pb.h"
#include "dataplane/interface/pair_mode.h"

namespace sluis {

bool is_closed_by_hand(const std::string& modes_file, std::string_view pair, std::int64_t now) {
    if (modes_file.empty()) return false;
    std::ifstream file(modes_file, std::ios::binary);
    command::KeptModes kept;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file || !kept.ParseFromString(bytes)) return false;
    // One for a time is above one for good.
    const command::KeptMode *standing = nullptr, *timed = nullptr;
    for (const command::KeptMode& mode : kept.modes()) {
        if (mode.pair() != pair) continue;
        if (mode.seconds() == 0)
            standing = &mode;
        else if (mode.until() > now)
            timed = &mode;
    }
    const command::KeptMode* holds = timed != nullptr ? timed : standing;
    return holds != nullptr && holds->mode() == name(PairMode::closed);
}

}  // namespace sluis
