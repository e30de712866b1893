#include "dataplane/verdict/dns_ech.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/dns_message_builder.h"

namespace sluis {
namespace {

using namespace std::string_literals;

std::string param(unsigned key, const std::string& value) {
    return be16_text(key) + be16_text(static_cast<unsigned>(value.size())) + value;
}

std::string service(const std::string& params, unsigned type = 65) {
    return dns_record_text(pointer_to(12), type, "\0\1\0"s + params);
}

std::string response(unsigned answers, unsigned authorities, unsigned additionals, const std::string& records) {
    return dns_header_text(0x8180, 1, answers, authorities, additionals) +
           dns_question_text(wire_name("tiktok.com"), 65) + records;
}

std::string signature_over(unsigned type) {
    return dns_record_text(pointer_to(12), 46, be16_text(type) + "\15\2"s + std::string(40, 's'));
}

/// The message after `strip_ech`.
std::string stripped(std::string message, bool expect_change = true) {
    const MutableBytes bytes{reinterpret_cast<std::byte*>(message.data()), message.size()};
    EXPECT_EQ(strip_ech(bytes), expect_change);
    return message;
}

const std::string kAlpn = param(1, "\2h2");
const std::string kEch = param(5, "\xfe\x0d config");
const std::string kHidden = param(65280, "\xfe\x0d config");
const std::string kHint = param(6, std::string(16, '6'));

/// A parameter for each key from `first` on, up to but without `end`.
std::string private_params(unsigned first, unsigned end) {
    std::string params;
    for (unsigned key = first; key < end; ++key) params += param(key, "x");
    return params;
}

struct ParamCase {
    const char* what;
    std::string before;
    std::string after;  // the same: left alone
};

const ParamCase kParamCases[] = {
    {"moves to the end", kAlpn + kEch + kHint, kAlpn + kHint + kHidden},
    {"is the end", kAlpn + kEch, kAlpn + kHidden},
    {"is alone", kEch, kHidden},
    {"is empty", param(5, "") + kHint, kHint + param(65280, "")},
    {"key below another", kAlpn + kEch + kHint + param(65534, "x"), kAlpn + kHint + kHidden + param(65534, "x")},
    {"first keys are taken", kEch + private_params(65280, 65290),
     private_params(65280, 65290) + param(65290, "\xfe\x0d config")},
    {"a gap between keys", kEch + private_params(65280, 65290) + private_params(65291, 65300),
     private_params(65280, 65290) + param(65290, "\xfe\x0d config") + private_params(65291, 65300)},
    {"last key there is", kEch + private_params(65280, 65534),
     private_params(65280, 65534) + param(65534, "\xfe\x0d config")},
    {"no key left", kEch + private_params(65280, 65535), kEch + private_params(65280, 65535)},
    {"mandatory among others", param(0, "\0\5\xff\0\xff\2"s) + kEch + param(65280, "a") + param(65282, "b"),
     param(0, "\xff\0\xff\1\xff\2"s) + param(65280, "a") + param(65281, "\xfe\x0d config") + param(65282, "b")},
    {"mandatory", param(0, "\0\1\0\5\0\6"s) + kAlpn + kEch + kHint,
     param(0, "\0\1\0\6\xff\0"s) + kAlpn + kHint + kHidden},
    {"mandatory without it", param(0, "\0\1"s) + kAlpn + kEch, param(0, "\0\1"s) + kAlpn + kHidden},
    {"none", kAlpn + kHint, kAlpn + kHint},
    {"no parameters", "", ""},
    {"keys out of order", kEch + kAlpn, kEch + kAlpn},
    {"key twice", kEch + kEch, kEch + kEch},
    {"cut off", kEch + kHint.substr(0, 10), kEch + kHint.substr(0, 10)},
    {"length cut off", kEch + "\0\6\0"s, kEch + "\0\6\0"s},
};

TEST(StripEch, Parameters) {
    for (const ParamCase& c : kParamCases) {
        SCOPED_TRACE(c.what);
        for (const unsigned type : {64, 65}) {
            EXPECT_EQ(stripped(response(1, 0, 0, service(c.before, type)), c.before != c.after),
                      response(1, 0, 0, service(c.after, type)));
        }
    }
}

TEST(StripEch, EveryRecordOfAnswerAndAdditional) {
    EXPECT_EQ(stripped(response(2, 0, 1, service(kEch) + service(kEch + kHint) + service(kEch, 64))),
              response(2, 0, 1, service(kHidden) + service(kHint + kHidden) + service(kHidden, 64)));
    stripped(response(0, 1, 0, service(kEch)), false);
}

TEST(StripEch, LeavesSignedRecords) {
    stripped(response(2, 0, 0, service(kEch) + signature_over(65)), false);
    stripped(response(2, 0, 0, signature_over(64) + service(kEch, 64)), false);
    EXPECT_EQ(stripped(response(2, 0, 0, signature_over(5) + service(kEch))),
              response(2, 0, 0, signature_over(5) + service(kHidden)));
}

TEST(StripEch, LeavesOtherMessages) {
    std::string query = response(1, 0, 0, service(kEch));
    query[2] = '\1';
    stripped(query, false);
    stripped(response(1, 0, 0, dns_record_text(pointer_to(12), 16, "\0\1\0"s + kEch)), false);
    stripped(std::string(11, '\xff'), false);
}

TEST(StripEch, EveryCutIsSafe) {
    const std::string whole = response(1, 0, 0, service(kAlpn + kEch + kHint));
    for (std::size_t size = 0; size < whole.size(); ++size) stripped(whole.substr(0, size), false);
}

TEST(StripEch, AnswerFromTheWire) {
    // cloudflare-ech.com by Quad9 (Zeek's test suite, dns/ech.pcap).
    const std::string head =
        "17d0818000010001000000010e636c6f7564666c6172652d65636803636f6d0000410001c00c004100010000012c0088000100"
        "000100060268330268320004000868120a7668120b76";
    const std::string config =
        "00470045fe0d00417400200020c1e94363cbd932bf8f15e9c10e6fdf479eb7c9ba24c62a35bd034e6c0f185c29000400010001"
        "0012636c6f7564666c6172652d6563682e636f6d0000";
    const std::string hint = "0006002026064700000000000000000068120a7626064700000000000000000068120b76";
    const std::string opt = "0000290200000000000000";
    EXPECT_EQ(stripped(from_hex(head + "0005" + config + hint + opt)), from_hex(head + hint + "ff00" + config + opt));
}

/// Whatever a message's first part is: no byte before `first_ech_byte` changes once the rest is there.
TEST(FirstEchByte, NothingBeforeItChanges) {
    for (const ParamCase& c : kParamCases) {
        for (const std::string& records : {service(c.before), service(kAlpn) + service(c.before) + service(kEch)}) {
            SCOPED_TRACE(c.what);
            const unsigned count = records == service(c.before) ? 1 : 3;
            const std::string before = response(count, 0, 0, records);
            std::string after = before;
            strip_ech({reinterpret_cast<std::byte*>(after.data()), after.size()});
            for (std::size_t size = 0; size <= before.size(); ++size) {
                const std::size_t from = first_ech_byte(as_bytes(before).first(size));
                ASSERT_LE(from, size);
                EXPECT_EQ(before.substr(0, from), after.substr(0, from)) << size;
            }
        }
    }
}

TEST(FirstEchByte, OnlyWhereThereIsOrMayBeOne) {
    const std::string without = response(2, 0, 0, service(kAlpn) + service(kAlpn + kHint));
    for (std::size_t size = 0; size <= without.size(); ++size) {
        const std::size_t from = first_ech_byte(as_bytes(without).first(size));
        // One byte of a key may be that of any.
        EXPECT_LE(size - from, 1u) << size;
    }
    const std::string with = response(1, 0, 0, service(kAlpn + kEch + kHint));
    const std::size_t at = with.size() - kEch.size() - kHint.size();
    EXPECT_EQ(first_ech_byte(as_bytes(with)), at);
    EXPECT_EQ(first_ech_byte(as_bytes(with).first(at)), at);
    EXPECT_EQ(first_ech_byte(as_bytes(with).first(at + 1)), at);
    const std::string query = dns_query_text("www.example.org", 65) + kEch;
    EXPECT_EQ(first_ech_byte(as_bytes(query)), query.size());
}

}  // namespace
}  // namespace sluis
