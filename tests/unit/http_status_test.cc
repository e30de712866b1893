#include <gtest/gtest.h>

#include <string>

#include "dataplane/protocol/http_request.h"

namespace sluis {
namespace {

TEST(HttpStatus, IsRead) {
    const std::string line = "HTTP/1.1 101 Switching Protocols\r\n";
    EXPECT_EQ(read_http_status(as_bytes(line)).value(), 101);
    EXPECT_EQ(read_http_status(as_bytes("HTTP/1.0 200\r\n")).value(), 200);
    EXPECT_EQ(read_http_status(as_bytes("HTTP/1.1 204\n")).value(), 204);
    for (std::size_t size = 0; size < 13; ++size) {
        EXPECT_EQ(read_http_status(as_bytes(line).first(size)).error(), Reason::incomplete) << size;
    }
    for (std::string_view other :
         {"HTTP/1.1 2000 ", "HTTP/1.1 20x ", "http/1.1 200 ", "HTTP/1.1200", "GET / HTTP/1.1", "\n"}) {
        EXPECT_EQ(read_http_status(as_bytes(other)).error(), Reason::not_this_protocol) << other;
    }
}

}  // namespace
}  // namespace sluis
