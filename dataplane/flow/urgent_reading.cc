// Reading a stream as receivers without SO_OOBINLINE do, who do not see the urgent byte.
//
// Where that byte lies is read in two ways (RFC 6093), and of several a slow receiver misses only the last. Every such
// reading is looked at besides the plain one; a name in any of them counts. None of them is kept: it is made again from
// the bytes, and only when a message may be complete in it, so that many small segments cost no more than few.
#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/flow/stream_reading.h"
#include "dataplane/protocol/http_request.h"

namespace sluis {
namespace {

/// So many bytes tell what a reading begins with.
constexpr std::size_t kBeginning = 128;
constexpr std::size_t kOpenLine = 80;
/// Bytes of the stretch that hold the two of a reading before the new ones.
constexpr std::size_t kTailContext = 2 + kUrgentMarks;

std::uint32_t marks_of(std::uint8_t reading) noexcept { return reading / 2 + 1u; }
std::uint32_t shift_of(std::uint8_t reading) noexcept { return reading % 2; }

/// Whether nothing can become of a reading that begins so.
bool is_other(Bytes beginning) noexcept {
    const bool certain = beginning.size() >= kOpenLine || as_text(beginning).find('\n') != std::string_view::npos;
    return certain && !may_be_http_request(beginning);
}

/// Whether an empty line ends in `text`, which begins a line or amid one.
bool has_empty_line(std::string_view text, bool begins_line) noexcept {
    for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
        const std::size_t last = end != 0 && text[end - 1] == '\r' ? end - 1 : end;
        if (last == 0 ? begins_line : text[last - 1] == '\n') return true;
    }
    return false;
}

}  // namespace

void StreamReading::read_without_urgent() noexcept {
    const auto is_ahead = [this](std::uint32_t marked) { return !seq_before(marked + 1, sender_.base + sender_.read); };
    const auto marks = sender_.urgent.begin();
    // A mark that was announced long before its byte.
    if (TcpTracker::urgent_ended(sender_) && std::any_of(marks, marks + sender_.urgent_count, is_ahead))
        TcpTracker::begin_urgent(sender_);
    const Bytes stretch = known_.subspan(std::min<std::size_t>(sender_.urgent_from, known_.size()));
    UrgentReadings& readings = sender_.urgent_readings;
    if (stretch.size() <= readings.examined) return;
    const std::uint32_t count = 2 * ((1u << sender_.urgent_count) - 1);
    for (std::uint8_t reading = 0; reading < count && reason_ == Reason::none; ++reading) {
        const auto bit = static_cast<std::uint8_t>(1u << reading);
        if ((readings.settled & bit) == 0 && read_urgent(stretch, reading)) readings.settled |= bit;
    }
    readings.examined = static_cast<std::uint32_t>(stretch.size());
}

/// Returns whether the reading has come to an end: at its first hello or head, or where it is neither.
bool StreamReading::read_urgent(Bytes stretch, std::uint8_t reading) noexcept {
    if (sender_.urgent_head.in_fields()) return read_urgent_head(stretch, reading);
    const Bytes beginning = leave_out(stretch, 0, std::min(stretch.size(), kBeginning), reading);
    if (may_be_tls_client(beginning)) return read_urgent_hello(stretch, reading);
    if (sender_.urgent_readings.examined < kBeginning && is_other(beginning)) return true;
    return read_urgent_head(stretch, reading);
}

bool StreamReading::read_urgent_hello(Bytes stretch, std::uint8_t reading) noexcept {
    UrgentReadings& readings = sender_.urgent_readings;
    if (stretch.size() < readings.needed[reading]) return false;
    if (readings.passes == kUrgentPasses) return fail(Reason::stream_limit);
    ++readings.passes;
    const Bytes stream = leave_out(stretch, 0, stretch.size(), reading);
    TlsClientReader reader;
    const auto progress = reader.advance(stream, {tracker_.scratch_.get(), kHandshakeLimit + kHandshakeHeaderSize});
    if (!progress) return true;
    if (progress->event == TlsClientEvent::more) {
        readings.needed[reading] = reader.complete_from(static_cast<std::uint32_t>(stream.size()));
        return false;
    }
    if (progress->hello.has_server_name) announce(progress->hello.server_name, Protocol::tls);
    return true;
}

/// Nothing but an empty line ends a head, and that in every reading whose request line was read; before that, it is one
/// of those that servers skip.
bool StreamReading::read_urgent_head(Bytes stretch, std::uint8_t reading) noexcept {
    const std::size_t examined = sender_.urgent_readings.examined;
    const std::size_t tail = examined - std::min(examined, kTailContext);
    if (!has_empty_line(as_text(leave_out(stretch, tail, stretch.size(), reading)), tail == 0)) return false;
    const Bytes stream = leave_out(stretch, 0, stretch.size(), reading);
    HttpHeadReader head = sender_.urgent_head;
    head.search_again();
    for (Bytes rest = stream;;) {
        const auto part = head.advance(rest);
        if (!part) return part.error() == Reason::not_this_protocol || fail(part.error());
        rest = rest.subspan(part->consumed);
        if (!part->name.empty() && !announce(part->name, Protocol::http)) return false;
        if (part->event == HttpHeadEvent::end) return true;
        if (part->event == HttpHeadEvent::more) break;
    }
    if (!head.in_fields() && stream.size() > kUrgentBlankLimit) return fail(Reason::stream_limit);
    return false;
}

/// What `reading` has of the stretch from `begin` to `end`. Valid until the next call.
Bytes StreamReading::leave_out(Bytes stretch, std::size_t begin, std::size_t end, std::uint8_t reading) noexcept {
    std::array<std::size_t, kUrgentMarks> gaps{end, end};
    static_assert(kUrgentMarks == 2);
    for (std::uint8_t mark = 0; mark < sender_.urgent_count; ++mark) {
        const std::uint32_t at = sender_.urgent[mark] + shift_of(reading) - (sender_.base + sender_.urgent_from);
        if ((marks_of(reading) >> mark & 1) != 0 && at >= begin && at < end) gaps[mark] = at;
    }
    if (gaps[0] > gaps[1]) std::swap(gaps[0], gaps[1]);
    const std::byte* const first = stretch.data();
    std::byte* const room = tracker_.without_urgent_.get();
    std::byte* to = room;
    for (const std::size_t gap : gaps) {
        to = std::copy(first + begin, first + gap, to);
        begin = std::min(gap + 1, end);
    }
    to = std::copy(first + begin, first + end, to);
    return {room, static_cast<std::size_t>(to - room)};
}

}  // namespace sluis
