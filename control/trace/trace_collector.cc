#include "control/trace/trace_collector.h"

#include <algorithm>
#include <utility>

#include "control/trace/pcapng_writer.h"
#include "control/trace/trace_comment.h"

namespace sluis {

void TraceCollector::begin(const TraceReader& reader, std::string_view application, std::string_view comment) {
    clear();
    append_section(capture_, application, comment);
    std::vector<std::string> pairs;
    for (std::size_t lane = 0; lane < reader.lanes(); ++lane) {
        const std::string& pair = reader.pair(lane);
        const auto known = std::find(pairs.begin(), pairs.end(), pair);
        interfaces_.push_back(static_cast<std::uint32_t>(2 * (known - pairs.begin())));
        if (known != pairs.end()) continue;
        pairs.push_back(pair);
        for (const char* side : {" inside", " outside"}) append_interface(capture_, pair + side, reader.snap());
    }
}

std::size_t TraceCollector::take(TraceReader& reader, std::size_t limit) {
    std::size_t all = 0;
    TraceView view;
    for (std::size_t lane = 0; lane < reader.lanes(); ++lane)
        for (std::size_t count = 0; count < limit && reader.take(lane, view); ++count) {
            append(view, lane, reader.pair(lane));
            ++all;
        }
    return all;
}

void TraceCollector::append(const TraceView& view, std::size_t lane, const std::string& pair) {
    const TraceRecord& record = view.record;
    const bool is_received = record.kind == TraceKind::received;
    const std::string comment = trace_comment(view, pair);
    if (capture_.size() + view.frame.size() + comment.size() > kCaptureLimit) {
        ++lost_;
        return;
    }
    frames_ += is_received;
    append_frame(capture_, {interfaces_[lane] + (record.side & 1u), record.time, record.frame_length, !is_received,
                            view.frame, comment});
}

void TraceCollector::clear() { *this = TraceCollector(); }

}  // namespace sluis
