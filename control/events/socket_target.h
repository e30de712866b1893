// Events to a collector on this machine that listens on a Unix socket: datagrams of a line each, or a stream of lines,
// whichever it takes.
#pragma once

#include <string>
#include <utility>

#include "control/events/collector_connection.h"
#include "control/events/event_sink.h"

namespace sluis {

class SocketTarget final : public SinkTarget {
public:
    explicit SocketTarget(std::string path) : path_(std::move(path)) {}

    Delivery deliver(const EventLine& line) override;
    void look() override;
    void reopen() override { connection_.close(); }
    std::string problem() const override { return problem_; }

private:
    bool connect();

    std::string path_;
    CollectorConnection connection_;
    bool is_stream_ = false;
    std::string problem_;
};

}  // namespace sluis
