#include "control/probation/probation_record.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "control/bundle/hexadecimal.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kTextLimit = 1000;  ///< bytes

json written(const HealthCounts& counts) {
    return {{"frames", counts.frames},
            {"drops", counts.drops},
            {"parse_errors", counts.parse_errors},
            {"names", counts.names},
            {"matches", counts.matches}};
}

/// A member, null when there is none.
const json& member(const json& object, const char* name) {
    static const json kNone;
    if (!object.is_object()) return kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

std::uint64_t number(const json& object, const char* name) {
    const json& value = member(object, name);
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string text(const json& object, const char* name) {
    const json& value = member(object, name);
    return value.is_string() ? value.get<std::string>().substr(0, kTextLimit) : "";
}

std::string digest(const json& object) {
    const std::string value = text(object, "sha256");
    return from_hex<32>(value) ? value : "";
}

bool truth(const json& object, const char* name) { return member(object, name) == true; }

HealthCounts counts(const json& object) {
    return {number(object, "frames"), number(object, "drops"), number(object, "parse_errors"), number(object, "names"),
            number(object, "matches")};
}

ProbationCause cause(std::string_view name) {
    for (std::size_t i = 0; i < kProbationCauseCount; ++i)
        if (kProbationCauses[i].name == name) return static_cast<ProbationCause>(i);
    return ProbationCause::none;
}

WatchedBundle watched(const json& object) {
    WatchedBundle made;
    made.sha256 = digest(object);
    made.by_health = truth(object, "by_health");
    made.had_dataplane = truth(object, "had_dataplane");
    made.before = counts(member(object, "before"));
    made.begin.counts = counts(member(object, "begin"));
    made.begin.pid = static_cast<std::uint32_t>(number(object, "pid"));
    made.begin.started = number(object, "started");
    return made;
}

EndedProbation ended(const json& object) {
    constexpr std::uint64_t kTimeLimit = std::numeric_limits<std::int64_t>::max();
    return {cause(text(object, "cause")), text(object, "message"), number(object, "sequence"), digest(object),
            static_cast<std::int64_t>(std::min(number(object, "ended"), kTimeLimit))};
}

}  // namespace

std::string write_probation_record(const ProbationRecord& record) {
    const WatchedBundle& watched = record.watched;
    const EndedProbation& last = record.last;
    const json made{{"watched",
                     {{"sha256", watched.sha256},
                      {"by_health", watched.by_health},
                      {"had_dataplane", watched.had_dataplane},
                      {"pid", watched.begin.pid},
                      {"started", watched.begin.started},
                      {"before", written(watched.before)},
                      {"begin", written(watched.begin.counts)}}},
                    {"last",
                     {{"cause", info(last.cause).name},
                      {"message", last.message},
                      {"sequence", last.sequence},
                      {"sha256", last.sha256},
                      {"ended", last.ended}}}};
    return made.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

ProbationRecord read_probation_record(std::string_view text) {
    if (text.size() > kProbationRecordLimit) return {};
    const json read = json::parse(text, nullptr, false);
    return {watched(member(read, "watched")), ended(member(read, "last"))};
}

}  // namespace sluis
