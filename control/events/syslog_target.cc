#include "control/events/syslog_target.h"

#include <netdb.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

namespace sluis {
namespace {

constexpr CollectorConnection::Patience kConnectPatience{3000}, kSendPatience{2000};

struct HostAndPort {
    std::string host, port;
};

std::optional<HostAndPort> split(const std::string& collector) {
    const auto colon = collector.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    HostAndPort made{collector.substr(0, colon), collector.substr(colon + 1)};
    unsigned port = 0;
    const char* end = made.port.data() + made.port.size();
    const auto read = std::from_chars(made.port.data(), end, port);
    if (read.ec != std::errc{} || read.ptr != end || port == 0 || port > 65535) return std::nullopt;
    const bool is_bracketed = made.host.front() == '[' && made.host.back() == ']' && made.host.size() > 2;
    if (is_bracketed) made.host = made.host.substr(1, made.host.size() - 2);
    if (!is_bracketed && made.host.find(':') != std::string::npos) return std::nullopt;
    return made;
}

}  // namespace

std::string SyslogTarget::check(const std::string& collector) {
    return split(collector) ? "" : "is no HOST:PORT; write \"192.0.2.7:601\", \"[2001:db8::7]:601\" or a name";
}

bool SyslogTarget::connect() {
    const auto where = split(collector_);
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    const int status = where ? ::getaddrinfo(where->host.c_str(), where->port.c_str(), &hints, &found) : EAI_NONAME;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, [](addrinfo* list) {
        if (list != nullptr) ::freeaddrinfo(list);
    });
    if (status != 0) {
        problem_ = collector_ + ": " + ::gai_strerror(status);
        return false;
    }
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
        if (connection_.connect(each->ai_addr, each->ai_addrlen, SOCK_STREAM, kConnectPatience))
            return tls_.ca.empty() || begin_tls(where->host);
    problem_ = collector_ + ": " + std::strerror(errno);
    return false;
}

bool SyslogTarget::begin_tls(const std::string& host) {
    CollectorTlsConfig config = tls_;
    if (config.name.empty()) config.name = host;
    const auto begun = connection_.begin_tls(config, kConnectPatience);
    if (!begun) problem_ = collector_ + ": " + begun.error();
    return begun.has_value();
}

SinkTarget::Delivery SyslogTarget::fail(const std::string& what) {
    problem_ = what;
    pause_ = back_off_.next();
    return Delivery::later;
}

SinkTarget::Delivery SyslogTarget::deliver(const EventLine& line) {
    connection_.look();
    if (!connection_.is_open() && !connect()) return fail(problem_);
    switch (connection_.send(syslog_frame(syslog_message(line, origin_)), kSendPatience)) {
        case CollectorConnection::Sent::all:
            back_off_.reset();
            return Delivery::done;
        case CollectorConnection::Sent::none:
            return fail(collector_ + ": the collector takes nothing");
        case CollectorConnection::Sent::broken:
            break;
    }
    return fail(collector_ + ": " + std::strerror(errno));
}

}  // namespace sluis
