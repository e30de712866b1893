#include "control/cli/inspect/finding_printer.h"

#include <arpa/inet.h>

#include <array>

namespace sluis {

void FindingPrinter::on_finding(const Finding& finding) noexcept {
    if (!finding.name.empty()) ++names_;
    if (finding.verdict == Verdict::block) ++blocks_;
    print(line(finding));
}

std::string endpoint_text(const Endpoint& endpoint, bool ipv6) {
    std::array<char, INET6_ADDRSTRLEN> address{};
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, endpoint.address.bytes.data(), address.data(), address.size());
    const std::string text = address.data();
    return (ipv6 ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port);
}

}  // namespace sluis
