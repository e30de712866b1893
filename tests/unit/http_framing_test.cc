// Which body a request head announces. The servers in the comments are those of http_request_test.cc: who took the
// request.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/whole_http_request.h"

namespace sluis {
namespace {

using test::read_http_request;

constexpr Reason kBad = Reason::http_malformed;

struct Framed {
    std::string fields;
    Reason reason = Reason::none;
    HttpBody body = HttpBody::none;
    std::uint64_t length = 0;
};

// clang-format off
const std::vector<Framed> kBodies{
    {"", Reason::none, HttpBody::none},
    {"Content-Length: 0\r\n", Reason::none, HttpBody::none},
    {"content-length:17\r\n", Reason::none, HttpBody::length, 17},
    {"Content-Length: 000017\r\n", Reason::none, HttpBody::length, 17},
    {"Content-Length: 1152921504606846976\r\n", kBad},  // 2^60
    {"Content-Length: 1152921504606846969\r\n", Reason::none, HttpBody::length, 1152921504606846969},
    {"Content-Length: 99999999999999999999999\r\n", kBad},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", Reason::none, HttpBody::length, 5},  // Caddy
    {"Content-Length: 5, 5\r\n", Reason::none, HttpBody::length, 5},                    // none
    {"Content-Length: 5\r\nContent-Length: 6\r\n", kBad},                               // none
    {"Content-Length: 5, 6\r\n", kBad},
    {"Content-Length: +5\r\n", kBad},                                                   // none
    {"Content-Length: -5\r\n", kBad},                                                   // none
    {"Content-Length: 0x5\r\n", kBad},                                                  // none
    {"Content-Length: 5 x\r\n", kBad},                                                  // none
    {"Content-Length:\r\n", kBad},                                                      // Caddy
    {"Content-Length : 5\r\n", kBad},                                                   // lighttpd- Node-
    {"Content-Length: 5\r\n 6\r\n", kBad},
    {"X: y\r\n Content-Length: 5\r\n", kBad},
    {"Transfer-Encoding: chunked\r\n", Reason::none, HttpBody::chunked},                // all
    {"transfer-ENCODING:\tcHunKed\r\n", Reason::none, HttpBody::chunked},               // all
    {"Transfer-Encoding: gzip, chunked\r\n", Reason::none, HttpBody::chunked},          // Apache Node
    {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", Reason::none, HttpBody::chunked},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Reason::none, HttpBody::chunked},  // Apache lighttpd
    {"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", Reason::none, HttpBody::chunked},  // Apache lighttpd- Node- Caddy
    {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", Reason::none, HttpBody::chunked},
    {"Transfer-Encoding: chunked\r\nContent-Length: x\r\n", kBad},
    {"Transfer-Encoding: chunked, identity\r\n", kBad},                                 // Node-
    {"Transfer-Encoding: identity\r\n", kBad},                                          // Node
    {"Transfer-Encoding: xchunked\r\n", kBad},                                          // Node
    {"Transfer-Encoding:\x0b" "chunked\r\n", kBad},                                     // Node-
    {"Transfer-Encoding\t: chunked\r\n", kBad},
    {"Transfer-Encoding:\r\n chunked\r\n", kBad},
    {"Transfer-Encoding chunked\r\n", kBad},
};
// clang-format on

TEST(HttpFraming, TellsHowTheBodyEnds) {
    for (const Framed& row : kBodies) {
        SCOPED_TRACE(row.fields);
        const std::string head = "POST / HTTP/1.1\r\nHost: a.test\r\n" + row.fields + "\r\n";
        const auto request = read_http_request(as_bytes(head));
        ASSERT_EQ(request.has_value(), row.reason == Reason::none);
        if (!request) {
            EXPECT_EQ(name(request.error()), name(row.reason));
            continue;
        }
        EXPECT_EQ(request->body, row.body);
        if (row.body == HttpBody::length) {
            EXPECT_EQ(request->body_length, row.length);
        }
    }
}

}  // namespace
}  // namespace sluis
