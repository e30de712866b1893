#include "control/events/passage_watch.h"

#include <nlohmann/json.hpp>

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

/// As it was before its last change.
GuardedPair former(const GuardedPair& pair) {
    GuardedPair made = pair;
    made.passage = pair.former;
    made.cause = pair.former_cause;
    made.since = pair.former_since;
    return made;
}

json described(const GuardedPair& pair) {
    return {{"pair", pair.pair},        {"passage", name(pair.passage)}, {"cause", name(pair.cause)},
            {"since", pair.since},      {"policy", pair.policy},         {"method", pair.method},
            {"failures", pair.failures}};
}

}  // namespace

void PassageWatch::see(const std::vector<GuardedPair>& pairs, const Tell& tell) {
    for (const GuardedPair& pair : pairs) {
        const auto [place, is_new] = known_.try_emplace(pair.pair, pair);
        if (is_new) continue;
        GuardedPair& before = place->second;
        if (before.passage != pair.passage) {
            tell(before, pair);
        } else if (pair.failures > before.failures && pair.former_since != 0) {
            tell(before, former(pair));
            tell(former(pair), pair);
        }
        before = pair;
    }
}

json describe_passage_change(const GuardedPair& before, const GuardedPair& after) {
    json audit{{"who", "sluis-guard"}, {"what", "passage.change"}, {"stage", "done"}};
    if (!after.trouble.empty()) audit["comment"] = after.trouble;
    audit["outcome"] =
        after.pair + ": " + std::string(name(after.passage)) + " (" + std::string(name(after.cause)) + ")";
    audit["before"] = described(before);
    audit["after"] = described(after);
    return audit;
}

}  // namespace sluis
