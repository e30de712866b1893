#include "control/api/event_stream.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace sluis {

EventStream::EventStream(Setting setting, const EventMemory& memory, EventStreamCounts& counts)
    : setting_(std::move(setting)), memory_(memory), counts_(counts) {
    ++counts_.open;
    ++counts_.opened;
}

std::uint64_t EventStream::number_of(std::string_view id, std::string_view run) {
    if (!id.starts_with(run) || id.size() <= run.size() || id[run.size()] != '-') return 0;
    const std::string_view digits = id.substr(run.size() + 1);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

ResponseStream::More EventStream::read(std::string& to, std::size_t room) {
    // Of kinds that this client does not want there may be any number: they fill no room.
    while (to.size() < room) {
        const EventMemory::Excerpt excerpt = memory_.read(setting_.after, room - to.size());
        // What was gone before a client came is told; one that falls behind while it reads is cut.
        if (excerpt.lost != 0 && begun_) return More::behind;
        if (excerpt.lost != 0 && setting_.after != 0)
            to += fmt::format("event: lost\ndata: {{\"events\":{}}}\n\n", excerpt.lost);
        begun_ = true;
        if (excerpt.entries.empty()) return setting_.follow ? More::open : More::ended;
        for (const auto& entry : excerpt.entries) append(to, entry);
    }
    return More::open;
}

void EventStream::append(std::string& to, const EventMemory::Entry& entry) {
    setting_.after = entry.number;
    const EventLine& line = *entry.line;
    if (setting_.kinds[static_cast<std::size_t>(line.kind)])
        to += fmt::format("id: {}-{}\nevent: {}\ndata: {}\n\n", setting_.run, entry.number, name(line.kind), line.json);
}

}  // namespace sluis
