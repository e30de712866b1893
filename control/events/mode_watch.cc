#include "control/events/mode_watch.h"

#include <nlohmann/json.hpp>

#include "dataplane/interface/pair_mode.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

json described(const api::PairMode& mode) {
    json made{{"pair", mode.pair()}, {"mode", mode.mode()}, {"cause", mode.cause()}, {"since", mode.since()}};
    if (mode.until() != 0) made["until"] = mode.until();
    if (!mode.author().empty()) made["author"] = mode.author();
    return made;
}

}  // namespace

void ModeWatch::see(const std::vector<api::PairMode>& modes, const Tell& tell) {
    for (const api::PairMode& mode : modes) {
        const auto [place, is_new] = known_.try_emplace(mode.pair(), mode);
        if (is_new) continue;
        api::PairMode& before = place->second;
        const bool changed = before.mode() != mode.mode() || before.cause() != mode.cause();
        if (changed && mode.cause() != name(ModeCause::command)) tell(before, mode);
        before = mode;
    }
}

json describe_mode_change(const api::PairMode& before, const api::PairMode& after) {
    json audit{{"who", "sluis-dataplane"}, {"what", "mode.change"}, {"stage", "done"}};
    if (!after.reason().empty()) audit["comment"] = after.reason();
    audit["outcome"] = after.pair() + " is " + after.mode() + " (" + after.cause() + ")";
    audit["before"] = described(before);
    audit["after"] = described(after);
    return audit;
}

}  // namespace sluis
