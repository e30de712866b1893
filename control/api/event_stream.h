// Events as server-sent events (WHATWG HTML, section 9.2): each with its number, so that a client which lost its
// connection goes on where it was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/api/request.h"
#include "control/events/event_memory.h"

namespace sluis {

/// Clients that read streams at once, on both sockets together. Beyond it: 503.
inline constexpr std::size_t kEventStreamLimit = 32;

/// For /metrics; of one thread.
struct EventStreamCounts {
    std::size_t open = 0;
    std::uint64_t opened = 0;
    std::uint64_t cut = 0;  ///< clients that were too slow
};

class EventStream final : public ResponseStream {
public:
    using Kinds = std::array<bool, kEventKindNames.size()>;
    struct Setting {
        std::string run;  ///< what tells this run of the program from others, for events' ids
        std::uint64_t after = 0;
        Kinds kinds{};
        bool follow = true;  ///< false: ends when all is read that there is
    };
    /// REQUIRES: what is given by reference outlives the stream.
    EventStream(Setting setting, const EventMemory& memory, EventStreamCounts& counts);
    ~EventStream() override { --counts_.open; }

    More read(std::string& to, std::size_t room) override;
    std::string_view heartbeat() const override { return ": still here\n\n"; }
    void cut() override { ++counts_.cut; }

    /// The number of the event that an id of `run` names; 0, the beginning, for what is none: of another run, say.
    static std::uint64_t number_of(std::string_view id, std::string_view run);

private:
    void append(std::string& to, const EventMemory::Entry& entry);

    Setting setting_;
    const EventMemory& memory_;
    EventStreamCounts& counts_;
    bool begun_ = false;
};

}  // namespace sluis
