// Reading a client's HTTP/2 frames in cleartext (RFC 9113, sections 3.3 and 3.4).
#include <algorithm>

#include "dataplane/flow/stream_reading.h"
#include "dataplane/protocol/http_syntax.h"

namespace sluis {
namespace {

/// Authorities that one header block may announce, as in HTTP/1.1.
constexpr std::uint32_t kHostLimit = 4;

}  // namespace

/// Announces what one header block names.
class StreamReading::RequestFields final : public HpackFieldVisitor {
public:
    explicit RequestFields(StreamReading& stream) noexcept : stream_(stream) {}

    /// Names of fields are in lower case (RFC 9113, section 8.2), which not every server insists on.
    Reason on_field(const HpackField& field) noexcept override {
        const std::string_view name = as_text(field.name);
        const std::string_view value = http_trim(as_text(field.value));
        if (http_equal(name, ":authority")) return host(value, read_http_authority(value));
        if (http_equal(name, "host")) return host(value, read_http_host(value));
        if (http_equal(name, ":path")) return path(field.value);
        return Reason::none;
    }

private:
    /// Each counts, whichever the server goes by: they may differ (RFC 9113, section 8.3.1).
    Reason host(std::string_view value, Result<std::string_view> host) noexcept {
        if (value.empty()) return Reason::none;
        if (!host) return host.error();
        if (++hosts_ > kHostLimit) return Reason::http_malformed;
        return stream_.announce_host(*host) ? Reason::none : stream_.reason_;
    }
    /// Some servers take an absolute-form target here, too.
    Reason path(Bytes target) noexcept {
        const auto authority = target_authority(as_text(target));
        if (!authority) return authority.error();
        if (const Reason reason = host(*authority, read_http_authority(*authority)); reason != Reason::none)
            return reason;
        return stream_.announce_doh(target) ? Reason::none : stream_.reason_;
    }

    StreamReading& stream_;
    std::uint32_t hosts_ = 0;
};

bool StreamReading::read_http2_preface(Bytes bytes) noexcept {
    const std::size_t size = std::min(bytes.size(), kHttp2PrefaceRest.size());
    if (as_text(bytes.first(size)) != kHttp2PrefaceRest.substr(0, size)) {
        sender_.kind = StreamKind::unknown;
        ++sender_.watched;
        return true;
    }
    if (size < kHttp2PrefaceRest.size()) return false;
    sender_.kind = StreamKind::http2;
    sender_.scanned = 0;
    consume(size);
    return true;
}

/// One frame. What holds no header is skipped as soon as its length is known.
bool StreamReading::read_http2(Bytes bytes) noexcept {
    if (sender_.urgent_count != 0) return fail_http2(Reason::http_malformed);  // no client of HTTP/2 sends urgent data
    const auto frame = read_http2_frame_header(bytes);
    if (!frame) return frame.error() != Reason::incomplete && fail_http2(frame.error());
    tracker_.http2_.use(sender_.http2, flow_.touched);
    if (frame->type == Http2FrameType::headers) return read_http2_block(bytes);
    if (frame->type == Http2FrameType::continuation) return fail_http2(Reason::http_malformed);
    begin_marks();
    skip_framed(bytes.first(kHttp2FrameHeaderSize), frame->size());
    return true;
}

bool StreamReading::read_http2_block(Bytes bytes) noexcept {
    const auto block = read_http2_header_block(bytes, sender_.scanned, tracker_.http2_.fragments());
    if (!block) return block.error() != Reason::incomplete && fail_http2(block.error());
    HpackDecoder* decoder = http2_decoder();
    if (decoder == nullptr) return false;
    RequestFields fields(*this);
    const Reason reason = decoder->decode(block->fragments, tracker_.http2_.scratch(), fields);
    if (reason != Reason::none) return fail_http2(reason);
    sender_.scanned = 0;
    consume(block->end);
    return true;
}

/// The direction's state, which its first header block takes. Without one later blocks cannot be read either: only
/// exhaustion of the whole lets the flow go.
HpackDecoder* StreamReading::http2_decoder() noexcept {
    if (sender_.http2 == TcpTracker::kNone) {
        auto taken = tracker_.http2_.take(action_.packet, slot_, flow_.touched);
        if (!taken && taken.error() == Reason::flow_table_full && free_http2_state())
            taken = tracker_.http2_.take(action_.packet, slot_, flow_.touched);
        const bool exhausted = !taken && taken.error() == Reason::flow_table_full;
        if (exhausted && tracker_.limits_.exhausted == FailPolicy::open) {
            count(Reason::overload_pass);
            sender_.kind = StreamKind::other;
            return nullptr;
        }
        if (!taken) return fail(taken.error()), nullptr;
        sender_.http2 = *taken;
    }
    return &tracker_.http2_.decoder(sender_.http2);
}

/// Refuses the connection that is idle for longest. None of this burst's, whose frames still wait for it.
bool StreamReading::free_http2_state() noexcept {
    const Nanoseconds now = flow_.touched;
    const std::uint32_t idle =
        tracker_.http2_.idle_flow(now, [&](std::uint32_t flow) { return tracker_.flows_[flow].touched < now; });
    if (idle == TcpTracker::kNone) return false;
    tracker_.block(idle, Reason::hello_evicted, now);
    return true;
}

/// A preface leaves no doubt about what follows, also after an HTTP/1.1 Upgrade. A flow in whose middle we came may
/// lack what we did not see.
bool StreamReading::fail_http2(Reason reason) noexcept {
    if (!flow_.midstream) return fail(reason);
    count(reason);
    return let_go();
}

/// The requests of one connection mostly go to one host: one pass announces it once.
bool StreamReading::announce_host(std::string_view host) noexcept {
    if (host == std::string_view(last_host_.data(), last_host_length_)) return true;
    if (host.size() <= last_host_.size()) {
        std::copy(host.begin(), host.end(), last_host_.begin());
        last_host_length_ = host.size();
    }
    return announce(as_bytes(host), Protocol::http);
}

}  // namespace sluis
