#include "control/main/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

#include "control/api/http_limits.h"
#include "control/api/log.h"
#include "control/api/tls/tls_terminator.h"
#include "control/notice/notice_limits.h"

namespace sluis {
namespace {

constexpr rlim_t kRoles = 2;
/// Both sockets of the API with those that are being turned away; sessions of TLS, each with its own connection to one
/// of these sockets; visitors of the notice page.
constexpr rlim_t kClients =
    kRoles * 2 * kConnectionLimit + 2 * (kTlsHandshakeLimit + kRoles * kTlsConnectionsPerRole) + kNoticeConnectionLimit;
/// Files, the dataplane's sockets, downloads and jobs are some dozens.
constexpr rlim_t kAllElse = 256;

}  // namespace

void raise_descriptor_limit() {
    constexpr rlim_t kNeeded = kClients + kAllElse;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kNeeded) return;
    limit.rlim_cur = std::min(kNeeded, limit.rlim_max);
    const bool is_raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
    if (is_raised && limit.rlim_cur == kNeeded) return;
    log_event(LogPriority::warning, "few_descriptors",
              {{"limit", std::to_string(limit.rlim_max)}, {"needed", std::to_string(kNeeded)}});
}

}  // namespace sluis
