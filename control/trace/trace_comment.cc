#include "control/trace/trace_comment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

template <std::size_t Size>
std::string text_of(const char (&text)[Size]) {
    return one_line({text, ::strnlen(text, Size)});
}

template <typename Names>
std::string_view name_at(const Names& names, std::size_t index) {
    return index < names.size() ? std::string_view(names[index]) : "unknown";
}

std::string reasons_text(const std::array<std::uint8_t, TraceRecord::kReasons>& reasons) {
    std::string text;
    for (const std::uint8_t each : reasons)
        if (each != 0 && each < kReasonCount) text += (text.empty() ? "" : ", ") + std::string(kReasons[each].name);
    return text;
}

std::string finding_text(const Event& event) {
    const std::string name = text_of(event.name), zone = text_of(event.zone), rule = text_of(event.rule);
    std::string text = fmt::format("{} {}: {}", name_at(kProtocolNames, event.protocol),
                                   name.empty() ? "without a name" : "name " + name,
                                   name_at(kEventVerdictNames, static_cast<std::size_t>(event.verdict)));
    if (event.reason != 0 && event.reason < kReasonCount) text += fmt::format(", {}", kReasons[event.reason].name);
    if (!rule.empty()) text += fmt::format(", rule {} ({})", rule, text_of(event.category));
    if (!zone.empty()) text += ", zone " + zone;
    return text;
}

void add_flow(std::string& text, const TraceRecord& record) {
    if (record.opened != 0) text += "; flow opened";
    if (record.settled != 0) text += "; flow settled";
    if (record.evicted != 0) text += "; flow evicted";
}

void add_outcome(std::string& text, const TraceRecord& record) {
    if (const std::string met = reasons_text(record.errors); !met.empty()) text += "; met: " + met;
    if (const std::string blocked = reasons_text(record.blocks); !blocked.empty()) text += "; refused: " + blocked;
    if (const std::string would = reasons_text(record.would); !would.empty()) text += "; would be refused: " + would;
    const std::string drops = reasons_text(record.drops);
    text += fmt::format("; {}", name_at(kTraceFateNames, static_cast<std::size_t>(record.fate)));
    if (!drops.empty()) text += record.fate == TraceFate::dropped ? ": " + drops : ", and dropped: " + drops;
}

}  // namespace

std::string trace_comment(const TraceView& view, std::string_view pair) {
    const TraceRecord& record = view.record;
    std::string text = fmt::format("{} on {} {}", name_at(kTraceKindNames, static_cast<std::size_t>(record.kind)),
                                   one_line(pair), record.side == 0 ? "inside" : "outside");
    if (record.kind != TraceKind::received) return text;
    text += fmt::format("; {}", name_at(kTraceLayerNames, record.layers));
    const bool inspects_none = record.mode == PairMode::wire || record.mode == PairMode::closed;
    if (record.mode != PairMode::in_line)
        text += fmt::format("; pair on {}", name_at(kPairModeNames, static_cast<std::size_t>(record.mode)));
    if (record.uninspected != 0 && !inspects_none) text += "; settled or unknown flow: not inspected";
    if (record.protocol != 0) text += fmt::format("; {}", name_at(kProtocolNames, record.protocol));
    if (record.names != 0) text += fmt::format("; names announced: {}", record.names);
    for (const Event& event : view.findings) text += "; " + finding_text(event);
    add_flow(text, record);
    add_outcome(text, record);
    return text + fmt::format("; generation {}", record.generation);
}

}  // namespace sluis
