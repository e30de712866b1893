// Findings for people (a table) and for programs (JSON, one object a line).
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/interface/counters.h"
#include "dataplane/interface/finding.h"

namespace sluis {

/// What is said at the end of each capture.
struct CaptureSummary {
    std::string_view capture;
    std::uint64_t frames = 0;      ///< read
    std::uint64_t cut_frames = 0;  ///< of these, not whole in the capture
    const WorkerCounters* counters = nullptr;
};

/// Prints to one stream, and counts.
class FindingPrinter : public FindingObserver {
public:
    explicit FindingPrinter(std::FILE* out) : out_(out) {}
    virtual ~FindingPrinter() = default;
    virtual void begin(std::string_view capture) = 0;
    virtual void end(const CaptureSummary& summary) = 0;
    void on_finding(const Finding& finding) noexcept final;

protected:
    virtual std::string line(const Finding& finding) const = 0;
    void print(std::string_view text) noexcept { std::fwrite(text.data(), 1, text.size(), out_); }
    void reset_counts() noexcept { names_ = blocks_ = 0; }

    std::FILE* out_;
    std::uint64_t names_ = 0;
    std::uint64_t blocks_ = 0;
};

std::unique_ptr<FindingPrinter> make_table_printer(std::FILE* out);
std::unique_ptr<FindingPrinter> make_json_printer(std::FILE* out);

/// One finding as a JSON object in one line, without the newline; pure ASCII, valid whatever the name holds.
std::string finding_as_json(const Finding& finding);

/// "192.0.2.1:53", "[2001:db8::1]:53".
std::string endpoint_text(const Endpoint& endpoint, bool ipv6);

}  // namespace sluis
