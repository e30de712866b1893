// DNS messages for tests, put together in code that one can read and diff.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "dataplane/protocol/dns_message.h"

namespace sluis {

/// Big-endian integers as bytes.
inline std::string be16_text(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
inline std::string be32_text(unsigned value) { return be16_text(value >> 16) + be16_text(value & 0xffff); }

/// "www.example.com" in wire form; "" is the root. No escapes.
inline std::string wire_name(std::string_view dotted) {
    std::string wire;
    while (!dotted.empty()) {
        const std::string_view label = dotted.substr(0, dotted.find('.'));
        wire += static_cast<char>(label.size());
        wire += label;
        dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
    }
    return wire + '\0';
}

inline std::string pointer_to(unsigned offset) { return be16_text(0xc000 | offset); }

inline std::string dns_header_text(unsigned flags, unsigned questions, unsigned answers = 0, unsigned authorities = 0,
                                   unsigned additionals = 0, unsigned id = 0x1234) {
    return be16_text(id) + be16_text(flags) + be16_text(questions) + be16_text(answers) + be16_text(authorities) +
           be16_text(additionals);
}

inline std::string dns_question_text(const std::string& name, unsigned type, unsigned klass = 1) {
    return name + be16_text(type) + be16_text(klass);
}

inline std::string dns_record_text(const std::string& owner, unsigned type, const std::string& rdata,
                                   unsigned klass = 1, unsigned ttl = 300) {
    return owner + be16_text(type) + be16_text(klass) + be32_text(ttl) +
           be16_text(static_cast<unsigned>(rdata.size())) + rdata;
}

/// An ordinary query: recursion desired, one question.
inline std::string dns_query_text(std::string_view name, unsigned type = 1) {
    return dns_header_text(0x0100, 1) + dns_question_text(wire_name(name), type);
}

/// The bytes that hexadecimal digits stand for.
inline std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

/// A wire name with dots, for comparing in tests only.
inline std::string dotted_name(const DnsName& name) {
    std::string dotted;
    const std::string_view wire = as_text(name.bytes());
    for (std::size_t at = 0; at + 1 < wire.size(); at += static_cast<std::size_t>(wire[at]) + 1) {
        if (!dotted.empty()) dotted += '.';
        dotted += wire.substr(at + 1, static_cast<std::size_t>(wire[at]));
    }
    return dotted;
}

}  // namespace sluis
