// Reading one direction's bytes as the protocol that they are.
#pragma once

#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/protocol/dns_stream.h"
#include "dataplane/protocol/http_authority.h"

namespace sluis {

/// What a reading came to.
enum class Reading : std::uint8_t {
    on,       ///< more bytes are needed, or the flow stays under watch
    refused,  ///< the flow must be closed: see `reason`
};

/// One pass over the new bytes of one direction. Short-lived: made for each segment that brings some.
class StreamReading {
public:
    /// `segment`: the bytes that the buffer has at offset 0, where a segment has just brought them. REQUIRES: the
    /// direction has a buffer.
    StreamReading(TcpTracker& tracker, Burst& burst, Action& action, std::uint32_t slot, std::uint8_t direction,
                  Bytes segment) noexcept
        : tracker_(tracker),
          burst_(burst),
          action_(action),
          flow_(tracker.flows_[slot]),
          sender_(flow_.directions[direction]),
          slot_(slot),
          direction_(direction),
          known_(known(segment)) {}

    /// Reads on from where the last pass stopped; announces names; may find that nothing more is to be expected.
    Reading run() noexcept;
    Reason reason() const noexcept { return reason_; }

    /// Bytes of a protocol without names that are read before a flow is let go. STARTTLS, CONNECT and SOCKS come within
    /// the first few hundred; the longest SMTP greetings and SASL exchanges within some thousand.
    static constexpr std::uint32_t kWatchLimit = 4096;
    /// Bytes after a ClientHello that nobody answers where we could see it, before a flow counts as one-way.
    static constexpr std::uint32_t kUnansweredLimit = 16384;
    /// How often hellos are read from their beginning for the sake of urgent bytes, before their flow is refused. A
    /// hello in a record or two takes three or four for each of the kUrgentReadings.
    static constexpr std::uint8_t kUrgentPasses = 36;
    /// White space before a request that urgent bytes stand in, bytes. It is read again with each of its lines.
    static constexpr std::size_t kUrgentBlankLimit = 256;
    /// Steps in a row that consume nothing, before a flow is refused. Two or three are usual.
    static constexpr std::uint32_t kIdleSteps = 256;
    /// From here on a prefix tells a ClientHello from everything else, bytes.
    static constexpr std::size_t kHelloPrefix = 6;

private:
    class RequestFields;

    /// A segment that is all that is known is read in its frame: to read what was copied just now is to wait for the
    /// copy.
    Bytes known(Bytes segment) const noexcept {
        const Bytes kept = tracker_.buffers_[sender_.buffer].contiguous();
        return segment.size() == kept.size() ? segment : kept;
    }
    Bytes unread() const noexcept;
    std::uint32_t position() const noexcept;
    void give_up_idle() noexcept;
    bool step() noexcept;
    bool classify(Bytes bytes) noexcept;
    bool classify_unusual(Bytes bytes) noexcept;
    bool classify_accepted(Bytes bytes) noexcept;
    bool begins_dns_answer(Bytes bytes) const noexcept;
    bool expect_answer() noexcept;
    void begin_dns() noexcept;
    void begin_dns_answers() noexcept;
    bool read_proxy(Bytes bytes) noexcept;
    bool read_socks(Bytes bytes) noexcept;
    bool read_tls(Bytes bytes) noexcept;
    void read_without_urgent() noexcept;
    bool read_urgent(Bytes stretch, std::uint8_t reading) noexcept;
    bool read_urgent_hello(Bytes stretch, std::uint8_t reading) noexcept;
    bool read_urgent_head(Bytes stretch, std::uint8_t reading) noexcept;
    Bytes leave_out(Bytes stretch, std::size_t begin, std::size_t end, std::uint8_t reading) noexcept;
    bool read_http(Bytes bytes) noexcept;
    bool read_http_chunks(Bytes bytes) noexcept;
    bool read_http_body() noexcept;
    void begin_http_body(const HttpFraming& framing) noexcept;
    bool read_http2_preface(Bytes bytes) noexcept;
    bool read_http2(Bytes bytes) noexcept;
    bool read_http2_block(Bytes bytes) noexcept;
    HpackDecoder* http2_decoder() noexcept;
    bool free_http2_state() noexcept;
    bool fail_http2(Reason reason) noexcept;
    bool announce_host(std::string_view host) noexcept;
    bool announce_doh(Bytes target) noexcept;
    bool read_dns(Bytes bytes) noexcept;
    Reason read_dns_query(Bytes message, const Announcement& about) noexcept;
    Reason read_dns_answer(Bytes message, const Announcement& about) noexcept;
    bool watch(Bytes bytes) noexcept;

    bool fail(Reason reason) noexcept;
    bool fail_or_watch(Reason reason) noexcept;
    std::uint32_t bytes_before_segment() const noexcept;
    bool let_go() noexcept;
    bool announce(Bytes text, Protocol protocol) noexcept;
    bool announce_hello(const ClientHello& hello) noexcept;
    void describe(Announcement& about, Protocol protocol) const noexcept;
    void consume(std::uint64_t count) noexcept;
    void skip(std::uint64_t count) noexcept;
    void skip_framed(Bytes frame, std::uint64_t count) noexcept;
    void begin_marks() noexcept;
    void pass_over(std::size_t count) noexcept;
    void count(Reason reason) noexcept;
    bool begins_dns() const noexcept;
    DnsStreamStart dns_start(Bytes bytes) const noexcept;
    bool begins_request(Bytes segment) const noexcept;
    std::size_t first_message(Bytes bytes, std::size_t segment) noexcept;
    void remember_request(Bytes bytes) noexcept;
    std::size_t open_query(Bytes bytes, std::size_t segment) const noexcept;
    std::size_t dns_message_limit() const noexcept { return tracker_.buffers_.large_size() / 2; }

    TcpTracker& tracker_;
    Burst& burst_;
    Action& action_;
    TcpFlow& flow_;
    TcpDirection& sender_;
    std::uint32_t slot_;
    std::uint8_t direction_;
    const Bytes known_;  ///< from the buffer's offset 0 on without a hole; it stays so as long as there is a buffer
    Reason reason_ = Reason::none;
    std::array<char, kHttpHostLimit> last_host_;  ///< the last one of HTTP/2 that this pass announced
    std::size_t last_host_length_ = 0;
};

}  // namespace sluis
