// Carries out refusals: whatever the box answers goes through here.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/flow/quic_tracker.h"
#include "dataplane/flow/tcp_tracker.h"
#include "dataplane/generation.h"
#include "dataplane/verdict/dns_refusal.h"
#include "dataplane/verdict/tcp_answer.h"

namespace sluis {

/// Receives the frames that the box makes, in order.
class InjectionSink {
public:
    virtual void inject(Frame* frame, Side egress) noexcept = 0;

protected:
    ~InjectionSink() = default;
};

class Refuser {
public:
    Refuser(FrameIo& io, TcpTracker& tcp, QuicTracker& quic, InjectionSink& sink) noexcept
        : io_(io), tcp_(tcp), quic_(quic), sink_(sink) {}

    /// Answers for a dropped packet, as its action says. A packet that cannot be answered is only dropped.
    /// `generation`: the one that judged the burst.
    void answer(const Burst& burst, const Action& action, const Generation& generation) noexcept;

private:
    void reset_both(const Action& action) noexcept;
    void send_tcp(const Action& action, const TcpAnswer& answer) noexcept;
    void acknowledge(const Action& action) noexcept;
    void answer_dns(const Action& action, const DnsRefusal& dns, bool format_error) noexcept;
    void answer_dns_over_tcp(const Burst& burst, const Action& action, const DnsRefusal& dns) noexcept;
    void close_quic(const Action& action) noexcept;
    void close_first_quic(const Action& action) noexcept;
    void answer_first(const Burst& burst, const Action& action, Bytes answer) noexcept;
    void end_for_both(const Action& action, const TcpSegment& segment, TcpAnswer& answer, TcpFlow& flow) noexcept;
    void send_quic_close(const Action& action, const QuicLongHeader& client, Bytes first_destination,
                         Bytes source) noexcept;
    void send_udp(const Action& action, ReplyTo to, Bytes payload) noexcept;

    FrameIo& io_;
    TcpTracker& tcp_;
    QuicTracker& quic_;
    InjectionSink& sink_;
};

}  // namespace sluis
