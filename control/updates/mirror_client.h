// One GET over HTTPS, by libcurl: with bounds on everything that a server can make long, large or many.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "control/updates/answer_head.h"
#include "control/updates/update_failure.h"
#include "dataplane/packet/bytes.h"

namespace sluis {

struct MirrorLimits {
    std::chrono::seconds connect{10};  ///< name, TCP and TLS
    std::chrono::seconds stall{30};    ///< with fewer than kStallBytes a second
    std::chrono::seconds note{60};     ///< the whole transfer of a note
    std::chrono::seconds bundle{3600};
};
inline constexpr long kStallBytes = 128;
inline constexpr long kRedirectLimit = 3;
/// Bytes of all heads of one answer, those of redirections too.
inline constexpr std::size_t kHeadLimit = 32 * 1024;

struct MirrorRequest {
    std::string url;
    std::string if_none_match;      ///< an entity tag; empty: none
    std::uint64_t from = 0;         ///< the first byte that is wanted
    std::uint64_t size_limit = 0;   ///< bytes of the whole file
    std::chrono::seconds time{60};  ///< for all of it
};

/// Where an answer goes.
class AnswerBody {
public:
    virtual ~AnswerBody() = default;
    /// Before the first byte, with the final answer's head, whose length is within the limit. A failure ends it.
    virtual Fetched<void> begin(const AnswerHead& head) = 0;
    virtual Fetched<void> take(Bytes bytes) = 0;
};

/// The final head of an answer whose body was taken, whole.
using MirrorGet = std::function<Fetched<AnswerHead>(const MirrorRequest& request, AnswerBody& body)>;

class MirrorClient {
public:
    /// `ca`, `proxy`: as in UpdatesConfig. `stop`: ends a transfer within a second.
    MirrorClient(std::string ca, std::string proxy, MirrorLimits limits, const std::atomic<bool>& stop);

    /// HTTP/1.1 over TLS 1.2 or later, the certificate always verified; redirections only within HTTPS. Nothing is
    /// decoded, no cookie is kept, the environment's proxies and the user's files play no part.
    Fetched<AnswerHead> get(const MirrorRequest& request, AnswerBody& body) const;

private:
    std::string ca_;
    std::string proxy_;
    MirrorLimits limits_;
    const std::atomic<bool>& stop_;
};

}  // namespace sluis
