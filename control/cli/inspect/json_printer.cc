#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "control/cli/inspect/finding_printer.h"
#include "dataplane/interface/limits.h"

namespace sluis {
namespace {

std::string quoted(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

class JsonPrinter final : public FindingPrinter {
public:
    using FindingPrinter::FindingPrinter;
    void begin(std::string_view) override {}
    void end(const CaptureSummary&) override {}

private:
    std::string line(const Finding& finding) const override { return finding_as_json(finding) + "\n"; }
};

}  // namespace

std::string finding_as_json(const Finding& finding) {
    // The time by hand: a double has no room for nanoseconds.
    return fmt::format(
        R"({{"time":{}.{:09},"protocol":"{}","name":{},"verdict":"{}","reason":"{}","rule":{},"category":{},)"
        R"("source":"{}","destination":"{}","vlan":[{}]}})",
        finding.time / kSecond, finding.time % kSecond, name(finding.protocol), quoted(finding.name),
        name(finding.verdict), name(finding.reason), quoted(finding.rule), quoted(finding.category),
        endpoint_text(finding.endpoints.source, finding.endpoints.ipv6),
        endpoint_text(finding.endpoints.destination, finding.endpoints.ipv6),
        fmt::join(finding.vlan.begin(), finding.vlan.begin() + finding.vlan_count, ","));
}

std::unique_ptr<FindingPrinter> make_json_printer(std::FILE* out) { return std::make_unique<JsonPrinter>(out); }

}  // namespace sluis
