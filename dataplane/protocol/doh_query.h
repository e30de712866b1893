// DNS messages in the target of a GET request (RFC 8484, sections 4.1 and 6).
#pragma once

#include <string_view>

#include "dataplane/packet/bytes.h"
#include "dataplane/packet/result.h"

namespace sluis {

/// Yields what the `dns` parameters of a request target hold, one after the other. RFC 8484 has one parameter, in
/// base64url without padding. Servers read more than that, and so does this: the usual base64 alphabet, padding, and
/// percent-encoding anywhere (RFC 3986, section 2.1). A value counts up to the first character that is none of these.
/// Linear in the target's length.
class DohQueryReader {
public:
    explicit DohQueryReader(Bytes target) noexcept;
    /// The next message, decoded into `room`: at least a DNS header's 12 bytes, which need not be DNS otherwise.
    /// Fails with `incomplete` after the last one; `stream_limit` when `room` is too small.
    Result<Bytes> next(MutableBytes room) noexcept;

private:
    std::string_view rest_;  ///< of the query, from the start of a parameter
};

}  // namespace sluis
