// A whole request head at once, as HttpHeadReader tells of it step by step.
#pragma once

#include <array>

#include "dataplane/protocol/http_head_reader.h"

namespace sluis::test {

struct HttpRequest : HttpFraming {
    Bytes method;
    Bytes target;
    std::uint32_t head_end = 0;  ///< offset just past the empty line
    /// Every Host value and the authority of an absolute-form or CONNECT target (then names[0]). All name the same
    /// host, in different cases perhaps.
    std::array<Bytes, kHttpNameLimit> names;
    std::uint8_t name_count = 0;
};

/// Reads the head at the start of `stream`. Fails with `incomplete`, or as HttpHeadReader does. Of request lines
/// without a version one after another, each a request of its own (HTTP/0.9), it tells the last.
inline Result<HttpRequest> read_http_request(Bytes stream) {
    HttpRequest request;
    for (HttpHeadReader reader;;) {
        const auto progress = reader.advance(stream.subspan(request.head_end));
        if (!progress) return Failure(progress.error());
        request.head_end += progress->consumed;
        if (progress->event == HttpHeadEvent::more) return Failure(Reason::incomplete);
        if (progress->event == HttpHeadEvent::request_line) {
            request.method = progress->method;
            request.target = progress->target;
            request.name_count = 0;
        }
        if (!progress->name.empty()) request.names.at(request.name_count++) = progress->name;
        if (progress->event != HttpHeadEvent::end) continue;
        static_cast<HttpFraming&>(request) = reader.framing();
        return request;
    }
}

}  // namespace sluis::test
