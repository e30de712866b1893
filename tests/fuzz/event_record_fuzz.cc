// Any bytes as records in a dataplane's event ring: each becomes one line of JSON that names no client and a message of
// syslog; or nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/events/finding_line.h"
#include "control/events/syslog_message.h"
#include "dataplane/interface/events_file.h"
#include "tests/fuzz/fuzz_folder.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

/// A ring file of one worker, of which this process writes the records itself.
class Ring {
public:
    Ring() : file_(make(folder_.path())), reader_(open(folder_.path())) {}
    std::optional<Event> pass(const std::uint8_t* record) {
        EventRing& ring = file_.ring(0);
        std::memcpy(&ring.events[ring.head % kEventRingSize], record, sizeof(Event));
        ++ring.head;
        return reader_.take(0);
    }

private:
    static EventsFile make(const std::string& folder) {
        const std::vector<std::string> pairs{"pair0"};
        auto made = EventsFile::create(folder, "", pairs);
        require(made && made->publish());
        return std::move(*made);
    }
    static EventReader open(const std::string& folder) {
        auto opened = EventReader::open(folder);
        require(opened.has_value());
        return std::move(*opened);
    }

    FuzzFolder folder_;
    EventsFile file_;
    EventReader reader_;
};

void check_line(const Event& event, const FindingContext& context) {
    const auto line = describe_finding(event, context);
    if (!line) return;
    require(line->json.size() <= kEventLineLimit && line->json.find('\n') == std::string::npos);
    const auto read = nlohmann::json::parse(line->json, nullptr, false);
    require(read.is_object() && read["event_type"] == std::string(name(line->kind)));
    const bool client_is_source = event.from_inside != 0;
    const std::string shown = read[client_is_source ? "src_ip" : "dest_ip"];
    if (!context.clients_in_clear) {
        require(shown.starts_with("100::") && !read.contains(client_is_source ? "src_port" : "dest_port"));
        require(!read.contains("ether"));
    }
    const std::string message = syslog_message(*line, {16, "box", 1});
    require(message.starts_with("<13") && message.ends_with(line->json));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Ring ring;
    static const DailyKey key;
    std::uint8_t record[sizeof(Event)]{};
    std::memcpy(record, data, std::min(size, sizeof record));
    const auto event = ring.pass(record);
    require(event && std::memcmp(&*event, record, sizeof record) == 0);
    check_line(*event, {key, false, "box", "pair0", 0});
    check_line(*event, {key, true, "box", "pair0", 0});
    require(client_address(*event).size() <= 16 && client_mac(*event).size() == 6 && !protocol_name(*event).empty());
    return 0;
}
