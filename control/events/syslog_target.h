// Events to a syslog collector over TCP, or over TLS (RFC 5425): RFC 5424 messages with octet counting.
//
// TCP has no word for "written": what was on its way when a connection broke is lost, or comes twice.
#pragma once

#include <string>
#include <utility>

#include "control/events/back_off.h"
#include "control/events/collector_connection.h"
#include "control/events/event_sink.h"
#include "control/events/syslog_message.h"

namespace sluis {

class SyslogTarget final : public SinkTarget {
public:
    /// `collector`: HOST:PORT, the host a name, an IPv4 address or [an IPv6 address].
    /// `tls`: with an empty `name`, the host's is asked for.
    SyslogTarget(std::string collector, SyslogOrigin origin, CollectorTlsConfig tls = {})
        : collector_(std::move(collector)), origin_(std::move(origin)), tls_(std::move(tls)) {}

    Delivery deliver(const EventLine& line) override;
    void look() override { connection_.look(); }
    void reopen() override { connection_.close(); }
    std::chrono::milliseconds pause() const override { return pause_; }
    std::string problem() const override { return problem_; }

    /// What is wrong with a HOST:PORT, empty when nothing is.
    static std::string check(const std::string& collector);

private:
    bool connect();
    bool begin_tls(const std::string& host);
    Delivery fail(const std::string& what);

    std::string collector_;
    SyslogOrigin origin_;
    CollectorTlsConfig tls_;
    CollectorConnection connection_;
    BackOff back_off_;
    std::chrono::milliseconds pause_{};
    std::string problem_;
};

}  // namespace sluis
