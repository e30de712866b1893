// Request heads in every spelling that a server might take.
//
// The comments say which servers gave the page of bad.test to the request, sent by hand over loopback: nginx 1.22,
// Apache 2.4 (Apache-: with HttpProtocolOptions Unsafe), lighttpd 1.4.69 (lighttpd-: with all strictness off), Node 18
// (Node-: insecureHTTPParser), Caddy 2.6. "none" refused it, or none read that host. A spelling that one of them
// accepts must give the name or a failure that closes the flow.
#include "dataplane/protocol/http_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/whole_http_request.h"

namespace sluis {
namespace {

using test::read_http_request;

using namespace std::string_literals;

struct Head {
    std::string bytes;
    Reason reason = Reason::none;
    std::vector<std::string> names;
};

constexpr Reason kBad = Reason::http_malformed;
constexpr Reason kConflict = Reason::name_conflict;
constexpr Reason kOther = Reason::not_this_protocol;
const std::vector<std::string> kName{"bad.test"};

std::string with_fields(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "Accept: */*\r\n\r\n"; }
std::string with_line(const std::string& line) { return line + "\r\nHost: bad.test\r\n\r\n"; }
std::string with_target(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: ok.test\r\n\r\n"; }
std::string only_target(const std::string& target) { return "GET " + target + " HTTP/1.1\r\n\r\n"; }

// clang-format off
const std::vector<Head> kHostSpellings{
    {with_fields("Host: bad.test\r\n"), Reason::none, kName},                  // all
    {with_fields("hOsT: bAd.TeSt\r\n"), Reason::none, {"bAd.TeSt"}},           // all
    {with_fields("Host:bad.test\r\n"), Reason::none, kName},                   // all
    {with_fields("Host:   \t \tbad.test \t\r\n"), Reason::none, kName},        // all but nginx
    {with_fields("Host : bad.test\r\n"), Reason::none, kName},                 // lighttpd-
    {with_fields("Host\t: bad.test\r\n"), Reason::none, kName},                // lighttpd-
    {with_fields("\x0bHost\x0c: bad.test\r\n"), Reason::none, kName},
    {with_fields("Host: bad.test.\r\n"), Reason::none, kName},                 // nginx Apache lighttpd
    {with_fields("Host: bad.test.:80\r\n"), Reason::none, kName},              // nginx Apache lighttpd
    {with_fields("Host: bad.test:8080\r\n"), Reason::none, kName},             // nginx Apache lighttpd Caddy
    {with_fields("Host: bad.test:\r\n"), Reason::none, kName},                 // nginx lighttpd Caddy
    {with_fields("Host: [2001:db8::1]:80\r\n"), Reason::none, {"[2001:db8::1]"}},
    {with_fields("Host: 2001:db8::1\r\n"), Reason::none, {"2001:db8::1"}},
    {with_fields("Host: 192.0.2.1:8080\r\n"), Reason::none, {"192.0.2.1"}},
    {with_fields("Host: a_b-c.bad.test\r\n"), Reason::none, {"a_b-c.bad.test"}},
    {with_fields("Host:\r\n"), Reason::none, {}},                              // Caddy and Node, as no host
    {with_fields(""), Reason::none, {}},                                       // Node, as no host
    {with_fields("X: y\r\nX-Host: bad.test\r\nHost-Foo: x.test\r\nHostname: x\r\n"), Reason::none, {}},
    {with_fields("X-Forwarded-Host: bad.test\r\nHost: ok.test\r\n"), Reason::none, {"ok.test"}},  // none reads bad.test
    {with_fields("foo\r\nHost: bad.test\r\n"), Reason::none, kName},           // nginx
    {with_fields(": x\r\nHost: bad.test\r\n"), Reason::none, kName},           // Caddy
    {with_fields("X\xe9: y\r\nHost: bad.test\r\n"), Reason::none, kName},      // nginx Apache- lighttpd-
    {with_fields("X: a\x01" "b\r\nHost: bad.test\r\n"), Reason::none, kName},  // nginx Apache- lighttpd- Node-
    {with_fields("Host: bad.test\r\nhost: BAD.TEST.:80\r\n"), Reason::none, {"bad.test", "BAD.TEST"}},
    {with_fields("Host: bad.test\r\nHost: bad.test\r\n"), Reason::none, {"bad.test", "bad.test"}},  // lighttpd Node
    {with_fields("Host:\r\nHost: bad.test\r\n"), Reason::none, kName},         // lighttpd
    {with_fields("Host: bad.test\r\nHost:\r\n"), Reason::none, kName},         // lighttpd Node
    {with_fields("Host: bad.test\r\nHost: ok.test\r\n"), kConflict, {}},       // Node
    {with_fields("Host: ok.test\r\nHost: bad.test\r\n"), kConflict, {}},       // none; Node reads ok.test
    {with_fields("Host: ok.test\r\nX: y\r\nHost: ok.test.bad.test\r\n"), kConflict, {}},
    {with_fields("Host: a\r\nHost: a\r\nHost: a\r\nHost: a\r\n"), Reason::none, {"a", "a", "a", "a"}},
    {with_fields("Host: a\r\nHost: a\r\nHost: a\r\nHost: a\r\nHost: a\r\n"), kBad, {}},
};

const std::vector<Head> kDoubtfulHosts{
    {with_fields("Host: bad.test..\r\n"), kBad, {}},            // lighttpd-
    {with_fields("Host: .bad.test\r\n"), kBad, {}},             // none
    {with_fields("Host: .\r\n"), kBad, {}},
    {with_fields("Host: bad\x7f.test\r\n"), kBad, {}},
    {with_fields("Host: bad.test:abc\r\n"), kBad, {}},          // nginx lighttpd- Caddy
    {with_fields("Host: bad.test:80:90\r\n"), kBad, {}},
    {with_fields("Host: ca.fe:80:1\r\n"), kBad, {}},
    {with_fields("Host: bad.test :80\r\n"), kBad, {}},          // lighttpd-
    {with_fields("Host: bad.test ok.test\r\n"), kBad, {}},      // lighttpd-
    {with_fields("Host: bad.test, ok.test\r\n"), kBad, {}},     // lighttpd-
    {with_fields("Host: ok.test;bad.test\r\n"), kBad, {}},
    {with_fields("Host: bad.test/x\r\n"), kBad, {}},            // lighttpd-
    {with_fields("Host: http://bad.test\r\n"), kBad, {}},       // none
    {with_fields("Host: u@bad.test\r\n"), kBad, {}},            // none
    {with_fields("Host: bad.test@ok.test\r\n"), kBad, {}},      // lighttpd-
    {with_fields("Host: \"bad.test\"\r\n"), kBad, {}},          // none
    {with_fields("Host: b%61d.test\r\n"), kBad, {}},            // none
    {with_fields("Host: b\xc3\xa4" "d.test\r\n"), kBad, {}},    // none
    {with_fields("Host:\x0b" "bad.test\r\n"), kBad, {}},        // none
    {with_fields("Host: bad.test\x0c\r\n"), kBad, {}},          // lighttpd-
    {with_fields("Host: :80\r\n"), kBad, {}},
    {with_fields("Host:: bad.test\r\n"), kBad, {}},             // none
    {with_fields("Host: []\r\n"), kBad, {}},
    {with_fields("Host: [::1\r\n"), kBad, {}},
    {with_fields("Host: [::1]bad.test\r\n"), kBad, {}},
    {with_fields("Host: " + std::string(256, 'a') + "\r\n"), kBad, {}},
    {with_fields("Host bad.test\r\n"), kBad, {}},               // none
    {with_fields("Host= bad.test\r\n"), kBad, {}},              // none
    {with_fields("Host X: bad.test\r\n"), kBad, {}},            // none
    {with_fields("Host: bad.test\0\r\n"s), kBad, {}},           // none
    {with_fields("Host: bad.test\0.ok.test\r\n"s), kBad, {}},   // none
    {with_fields("Ho\0st: bad.test\r\n"s), kBad, {}},           // none
    {with_fields("Host\0: bad.test\r\n"s), kBad, {}},           // none
    {with_fields("X: a\0b\r\nHost: bad.test\r\n"s), kBad, {}},  // lighttpd- Node-
    {with_fields("Host: bad.test\rX: y\r\n"), kBad, {}},        // none
    {with_fields("Host: \rbad.test\r\n"), kBad, {}},            // none
    {with_fields("X: y\rHost: bad.test\r\n"), kBad, {}},        // none
    {with_fields("Host: bad.test\r\r\n"), kBad, {}},            // nginx
    // Continuation lines (RFC 9112, section 5.2).
    {with_fields("X: y\r\n z\r\nHost: bad.test\r\n"), Reason::none, kName},       // all but nginx and Node
    {with_fields("Host:\r\n bad.test\r\n"), Reason::none, kName},                 // Apache Node- Caddy
    {with_fields("Host: \r\n\tbad.test\r\n"), Reason::none, kName},               // Apache Node- Caddy
    {with_fields("Host:\r\n bad.test\r\n ok.test\r\n"), kBad, {}},
    {with_fields("Host: bad.\r\n test\r\n"), kBad, {}},                           // none
    {with_fields("Host: bad.test\r\n ok.test\r\n"), kBad, {}},                    // lighttpd-
    {with_fields("Host: bad.test\r\n \r\n"), kBad, {}},                           // lighttpd Node-
    {with_fields("X: y\r\n \r\nHost: bad.test\r\n"), kBad, {}},                   // lighttpd Node- Caddy
    {with_fields("Ho\r\n st: bad.test\r\n"), Reason::none, {}},                   // none
    {with_fields(" Host: bad.test\r\n"), kBad, {}},                               // Node
    {with_fields("\tHost: bad.test\r\n"), kBad, {}},                              // none
    {with_fields(" Host: bad.test\r\nHost: ok.test\r\n"), kBad, {}},              // Node-
    {with_fields("X: y\r\n Host: bad.test\r\n"), kBad, {}},                       // none
};

const std::vector<Head> kLines{
    {"GET / HTTP/1.1\nHost: bad.test\n\n", Reason::none, kName},                  // nginx Apache- lighttpd- Node- Caddy
    {"GET / HTTP/1.1\r\nHost: bad.test\r\n\n", Reason::none, kName},              // nginx Apache- lighttpd Node- Caddy
    {"GET / HTTP/1.1\nHost: bad.test\n\r\n", Reason::none, kName},
    {"GET / HTTP/1.1\rHost: bad.test\r\r", kBad, {}},                             // none
    {"GET / HTTP/1.1\r\nHost: bad.test\r\n\r\r\n", kBad, {}},                     // Node-
    {"\r\n" + with_fields("Host: bad.test\r\n"), Reason::none, kName},            // nginx Apache Node
    {"\n\n" + with_fields("Host: bad.test\r\n"), Reason::none, kName},            // nginx Apache- Node
    {"\r" + with_fields("Host: bad.test\r\n"), Reason::none, kName},              // nginx Node
    {std::string(600, '\n') + with_fields("Host: bad.test\r\n"), Reason::none, kName},  // nginx Node
    {" " + with_fields("Host: bad.test\r\n"), Reason::none, kName},               // none
    {"\r\n \t" + with_fields("Host: bad.test\r\n"), Reason::none, kName},         // none
    {"\0"s + with_fields("Host: bad.test\r\n"), kOther, {}},                      // none
    {with_line("GET  / HTTP/1.1"), Reason::none, kName},                          // nginx Apache- Node
    {with_line("GET /  HTTP/1.1"), Reason::none, kName},                          // nginx Apache- Node
    {with_line("GET\t/\tHTTP/1.1"), Reason::none, kName},                         // none
    {with_line("GET / HTTP/1.1 "), Reason::none, kName},                          // nginx Apache- lighttpd-
    {with_line("GET\x0b/\x0cHTTP/1.1"), kBad, {}},                                // Python's http.server
    {with_line("GET\x85/\xa0HTTP/1.1"), kBad, {}},                                // Python's http.server
    {"GET POWER\rGET VOLUME\r\n", kOther, {}},
    {"MOVE 1 2\rTRACE\r\n", kOther, {}},
    {"GET /x\r/ HTTP/1.1\r\n", kBad, {}},
    {"CONNECT a\r:443 HTTP/1.1\r\n", kBad, {}},
    {with_line("GET /\x0cx HTTP/1.1"), kBad, {}},                                 // none
    {with_line("GET /"), Reason::none, kName},                                    // Node
    {with_line("GET / "), Reason::none, kName},                                   // none
    {with_line("GET / HTTP/1.1 HTTP/1.1"), Reason::none, kName},                  // none (lighttpd looks for bad.test's page)
    {with_line("GET / HTTP/1.1 x"), Reason::none, kName},                         // lighttpd-
    {with_line("GET / HTTP/1.1x"), Reason::none, kName},                          // lighttpd-
    {with_line("GET / HTTP/1.1\r"), kBad, {}},                                    // lighttpd-
    {with_line("GET /a b HTTP/1.1"), Reason::none, kName},                        // none (lighttpd looks for bad.test's page)
    {with_line("GET / HTTP/1.0"), Reason::none, kName},                           // all
    {with_line("GET / HTTP/0.9"), Reason::none, kName},                           // Node
    {with_line("GET / HTTP/1.9"), Reason::none, kName},                           // nginx Apache Node- Caddy
    {with_line("GET / HTTP/1.10"), Reason::none, kName},                          // nginx lighttpd-
    {with_line("GET / HTTP/2.0"), Reason::none, kName},                           // Apache Node
    {with_line("GET / HTTP/3.0"), Reason::none, kName},                           // Apache Node-
    {with_line("GET / http/1.1"), Reason::none, kName},                           // Apache-
    {with_line("GET / HTTP / 1.1"), kBad, {}},                                    // none
    {with_line("GET / ICE/1.0"), kOther, {}},                                     // none
    {with_line("get / HTTP/1.1"), Reason::none, kName},                           // Caddy
    {with_line("FOO / HTTP/1.1"), Reason::none, kName},                           // nginx Caddy
    {with_line("_GET_ / HTTP/1.1"), Reason::none, kName},                         // nginx Caddy
    {with_line("1 / HTTP/1.1"), Reason::none, kName},                             // Caddy
    {with_line("M-SEARCH / HTTP/1.1"), Reason::none, kName},                      // nginx Node Caddy
    {with_line(std::string(40, 'A') + " / HTTP/1.1"), Reason::none, kName},       // nginx
    {with_line("OPTIONS * HTTP/1.1"), Reason::none, kName},                       // all but nginx
    {with_line("GET x HTTP/1.1"), Reason::none, kName},                           // none
    {with_line("FOO http://bad.test/ HTTP/1.1"), Reason::none, {"bad.test", "bad.test"}},
    {with_line("FOO * HTTP/1.1"), Reason::none, kName},
    {with_line("FOO x HTTP/1.1"), kOther, {}},
    {with_line("FOO HTTP/1.1"), kOther, {}},
    // Lines of logs.
    {"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.1\" 200 2326\n", kOther, {}},
    {"host1 nginx: GET /a HTTP/1.1 200\n", kOther, {}},
    {"http 2018-07-02T22:23:00Z app/lb \"GET http://ok.test:80/ HTTP/1.1\" \"curl\"\n", kOther, {}},
    {"PRIVMSG #x :try GET / HTTP/1.1\r\n", kOther, {}},
    {with_line("GET HTTP/1.1"), Reason::none, kName},
    {with_line("PRI * HTTP/2.0"), Reason::none, kName},                           // Caddy
    // Without a version and with an authority, nginx and Apache give bad.test's page after this one line.
    {"GET http://bad.test/\r\n", kBad, {}},                                       // nginx Apache
    {"POST /\r\n", kBad, {}},                                                     // none (Apache- answers for its first host)
    {"GET x\r\n", kOther, {}},
    {"EHLO mail.example\r\n", kOther, {}},
    {"MAIL FROM:<a@example.org>\r\n", kOther, {}},
    {"USER /x\r\n", kOther, {}},
    {"OPTIONS rtsp://media.example/a RTSP/1.0\r\n", kOther, {}},
    {"OPTIONS sip:a@example.org SIP/2.0\r\n", kOther, {}},
    {"CONNECT\naccept-version:1.2\nhost:example.org\n\n", kOther, {}},
    {"0032git-upload-pack /project\0host=example.org\0"s, kOther, {}},
    {"SSH-2.0-OpenSSH_9.2\r\n", kOther, {}},
    {"\x16\x03\x01", kOther, {}},
};

const std::vector<Head> kTargets{
    {only_target("http://bad.test/"), Reason::none, kName},                   // lighttpd; with HTTP/1.0 also nginx Apache Caddy
    {only_target("HtTp://u:p@bad.test:80/"), Reason::none, kName},            // Apache-
    {with_target("http://ok.test/"), Reason::none, {"ok.test", "ok.test"}},   // (reads ok.test) all
    {with_target("http://OK.test.:80?x"), Reason::none, {"OK.test", "ok.test"}},
    {with_target("http://bad.test/"), kConflict, {}},                         // nginx Apache Caddy; ok.test: Node
    {with_target("HtTp://bad.test/"), kConflict, {}},                         // nginx Apache Caddy; ok.test: Node
    {with_target("https://bad.test/"), kConflict, {}},                        // nginx Caddy; ok.test: Apache Node
    {with_target("foo+x://bad.test/"), kConflict, {}},                        // Caddy
    {with_target("http://u:p@bad.test/"), kConflict, {}},                     // Apache-; ok.test: Node
    {with_target("http://bad.test"), kConflict, {}},                          // nginx Apache Caddy; ok.test: Node
    {with_target("http://bad.test?x"), kConflict, {}},                        // nginx Apache Caddy; ok.test: Node
    {with_target("http://bad.test#x"), kConflict, {}},                        // Apache-
    {with_target("http://ok.test@bad.test@ok.test/"), kBad, {}},
    {with_target("http://ok.test\\@bad.test/"), kBad, {}},
    {with_target("http://bad.test\\x"), kBad, {}},                            // none
    {with_target("http:\\\\bad.test/"), kBad, {}},                            // none; ok.test: Caddy
    {with_target("http:/bad.test/"), kBad, {}},                               // none; ok.test: Caddy
    {with_target("http:///bad.test/"), kBad, {}},                             // none; ok.test: Node Caddy
    {with_target("http:// bad.test/"), kBad, {}},                             // none
    {with_target("http://b%61d.test/"), kBad, {}},                            // none; ok.test: Node
    {with_target("bad.test:80"), kBad, {}},                                   // none; ok.test: Caddy
    {with_target("//bad.test/"), Reason::none, {"ok.test"}},                  // none; ok.test: nginx Node Caddy
    {with_target("/http://bad.test/"), Reason::none, {"ok.test"}},            // none; ok.test: nginx Node Caddy
    {"CONNECT bad.test:443 HTTP/1.1\r\nHost: bad.test:443\r\n\r\n", Reason::none, {"bad.test", "bad.test"}},
    {"CONNECT bad.test:443 HTTP/1.1\r\nHost: ok.test\r\n\r\n", kConflict, {}},  // Caddy
    {"connect Bad.test HTTP/1.1\r\n\r\n", Reason::none, {"Bad.test"}},
    {"CONNECT / HTTP/1.1\r\nHost: ok.test\r\n\r\n", kBad, {}},
    {"CONNECT http://bad.test/ HTTP/1.1\r\nHost: ok.test\r\n\r\n", kBad, {}},
    {"CONNECT ok.test:443 HTTP/1.1\r\nContent-Length: 9\r\n\r\n", kBad, {}},
    {"CONNECT ok.test:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", kBad, {}},
    // As captured: curl over PPPoE, and a proxy's client without Host.
    {"GET / HTTP/1.1\r\nHost: www.google.nl\r\nUser-Agent: curl/7.76.1\r\nAccept: */*\r\n\r\n", Reason::none,
     {"www.google.nl"}},
    {"CONNECT abc:443 HTTP/1.1\r\nUser-Agent: Victor/1.0\r\n\r\n", Reason::none, {"abc"}},
};
// clang-format on

Result<test::HttpRequest> read_whole(std::string_view bytes) { return read_http_request(as_bytes(bytes)); }

std::vector<std::string> names_of(const test::HttpRequest& request) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < request.name_count; ++i) names.emplace_back(as_text(request.names[i]));
    return names;
}

std::string describe(std::string_view bytes) { return ::testing::PrintToString(std::string(bytes.substr(0, 160))); }

class Heads : public ::testing::TestWithParam<const std::vector<Head>*> {};

TEST_P(Heads, AreReadAsExpected) {
    for (const Head& head : *GetParam()) {
        SCOPED_TRACE(describe(head.bytes));
        const auto request = read_whole(head.bytes);
        if (head.reason != Reason::none) {
            ASSERT_FALSE(request);
            EXPECT_EQ(name(request.error()), name(head.reason));
            continue;
        }
        ASSERT_TRUE(request) << name(request.error());
        EXPECT_EQ(names_of(*request), head.names);
        EXPECT_EQ(request->head_end, head.bytes.size());
    }
}

// Whatever the cut, the answer is "more", or the failure that the whole has.
TEST_P(Heads, CutAnywhereAreIncompleteOrFailAsTheWhole) {
    for (const Head& head : *GetParam()) {
        SCOPED_TRACE(describe(head.bytes));
        for (std::size_t size = 0; size < head.bytes.size(); ++size) {
            const std::string cut = head.bytes.substr(0, size);  // a copy: what is past it must not be read
            const auto request = read_whole(cut);
            ASSERT_FALSE(request) << size;
            if (request.error() != Reason::incomplete) {
                ASSERT_EQ(name(request.error()), name(head.reason)) << size;
            }
        }
    }
}

// A next request's bytes change nothing.
TEST_P(Heads, EndAtTheirEmptyLine) {
    for (const Head& head : *GetParam()) {
        if (head.reason != Reason::none) continue;
        SCOPED_TRACE(describe(head.bytes));
        const std::string stream = head.bytes + "\r\nGET / HTTP/1.1\r\nHost: next.test\r\n\r\n";
        const auto request = read_whole(stream);
        ASSERT_TRUE(request);
        EXPECT_EQ(request->head_end, head.bytes.size());
        EXPECT_EQ(names_of(*request), head.names);
    }
}

TEST_P(Heads, ThatAreHttpMayBeHttpFromTheFirstByteOn) {
    for (const Head& head : *GetParam()) {
        SCOPED_TRACE(describe(head.bytes));
        if (head.reason == kOther) {
            EXPECT_FALSE(may_be_http_request(as_bytes(head.bytes)));
            continue;
        }
        for (std::size_t size = 1; size <= head.bytes.size(); ++size) {
            ASSERT_TRUE(may_be_http_request(as_bytes(head.bytes).first(size))) << size;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(HttpRequest, Heads, ::testing::Values(&kHostSpellings, &kDoubtfulHosts, &kLines, &kTargets));

TEST(HttpRequest, TellsMethodAndTarget) {
    const std::string head = "\r\nPROPFIND  /a?b  HTTP/1.1 HTTP/1.1\r\n\r\n";
    const auto request = read_whole(head);
    ASSERT_TRUE(request);
    EXPECT_EQ(as_text(request->method), "PROPFIND");
    EXPECT_EQ(as_text(request->target), "/a?b");
    EXPECT_FALSE(request->is_connect);
    EXPECT_FALSE(request->is_upgrade);
}

TEST(HttpRequest, TellsWhatMayTurnIntoAnotherProtocol) {
    const std::string connect = "CONNECT a.test:443 HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    const auto tunnel = read_whole(connect);
    ASSERT_TRUE(tunnel);
    EXPECT_TRUE(tunnel->is_connect);
    EXPECT_EQ(tunnel->body, HttpBody::none);

    const std::string upgrade = with_fields("Host: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    EXPECT_TRUE(read_whole(upgrade)->is_upgrade);
    const std::string insecure = with_fields("Host: a.test\r\nUpgrade-Insecure-Requests: 1\r\n");
    EXPECT_FALSE(read_whole(insecure)->is_upgrade);
}

TEST(HttpRequest, TakesPriorKnowledgeForAnUpgrade) {
    const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const auto request = read_whole(preface);
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->is_upgrade);
    EXPECT_EQ(request->name_count, 0);
    EXPECT_EQ(request->head_end, 18U);
    // With fields it is a request like any other, for Caddy.
    const std::string fields = "PRI * HTTP/2.0\r\nHost: bad.test\r\n\r\n";
    EXPECT_FALSE(read_whole(fields)->is_upgrade);
}

TEST(MayBeHttpRequest, LeavesOtherTextProtocolsAlone) {
    for (std::string_view text : {"EHLO x",
                                  "MAIL FROM:<",
                                  "USER x",
                                  "PASS secret",
                                  "NICK x",
                                  "HELP me",
                                  "CAPA\r\n",
                                  "* OK",
                                  "a1 LOGIN x",
                                  "RFB 003.008\n",
                                  "SSH-2.0-x\r\n",
                                  "<?xml",
                                  "QUIT\r\n",
                                  "set /k 0 0 1\r\n",
                                  "get k\r\n",
                                  "POST\r\n",
                                  "GETX/",
                                  "\x16\x03\x01",
                                  "+PONG\r\n",
                                  "0032git-upload-pack x",
                                  "HTTP/1.1 200 OK\r\n"}) {
        EXPECT_FALSE(may_be_http_request(as_bytes(text))) << text;
    }
    for (std::string_view text : {"G", "g", "GET", "GeT ", "\r\n", " ", "\r\nP", "PRI * HTTP/2.0\r\n", "FOO /", "FOO h",
                                  "FOO /x HTTP/1.1\r\n", "CONNECT a"}) {
        EXPECT_TRUE(may_be_http_request(as_bytes(text))) << text;
    }
}

}  // namespace
}  // namespace sluis
