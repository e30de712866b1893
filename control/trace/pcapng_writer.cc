#include "control/trace/pcapng_writer.h"

namespace sluis {
namespace {

constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a, kInterface = 1, kEnhancedPacket = 6;
constexpr std::uint16_t kEndOfOptions = 0, kComment = 1;
constexpr std::uint16_t kUserApplication = 4;                     // of a section
constexpr std::uint16_t kInterfaceName = 2, kTimeResolution = 9;  // of an interface
constexpr std::uint16_t kFlags = 2;                               // of a packet
constexpr std::size_t kOptionLimit = 0xffff;

template <typename Number>
void put(std::string& to, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
}

void pad(std::string& to) { to.append((4 - to.size() % 4) % 4, '\0'); }

void put_option(std::string& to, std::uint16_t code, std::string_view value) {
    value = value.substr(0, kOptionLimit);
    put(to, code);
    put(to, static_cast<std::uint16_t>(value.size()));
    to += value;
    pad(to);
}

void end_options(std::string& to) {
    put(to, kEndOfOptions);
    put(to, std::uint16_t{0});
}

void append_block(std::string& file, std::uint32_t type, std::string_view body) {
    const auto size = static_cast<std::uint32_t>(body.size() + 12);
    put(file, type);
    put(file, size);
    file += body;
    put(file, size);
}

}  // namespace

void append_section(std::string& file, std::string_view application, std::string_view comment) {
    std::string body;
    put(body, std::uint32_t{0x1a2b3c4d});  // byte-order magic
    put(body, std::uint16_t{1});           // version 1.0
    put(body, std::uint16_t{0});
    put(body, ~std::uint64_t{0});  // the section's length is not known
    put_option(body, kComment, comment);
    put_option(body, kUserApplication, application);
    end_options(body);
    append_block(file, kSectionHeader, body);
}

void append_interface(std::string& file, std::string_view name, std::uint32_t snap) {
    std::string body;
    put(body, std::uint16_t{1});  // LINKTYPE_ETHERNET
    put(body, std::uint16_t{0});
    put(body, snap);
    put_option(body, kInterfaceName, name);
    put_option(body, kTimeResolution, "\x09");  // 10^-9 s
    end_options(body);
    append_block(file, kInterface, body);
}

void append_frame(std::string& file, const CapturedFrame& frame) {
    std::string body;
    put(body, frame.interface);
    put(body, static_cast<std::uint32_t>(frame.time >> 32));
    put(body, static_cast<std::uint32_t>(frame.time));
    put(body, static_cast<std::uint32_t>(frame.bytes.size()));
    put(body, frame.length);
    body += as_text(frame.bytes);
    pad(body);
    std::string direction;
    put(direction, std::uint32_t{frame.outbound ? 2u : 1u});
    put_option(body, kFlags, direction);
    put_option(body, kComment, frame.comment);
    end_options(body);
    append_block(file, kEnhancedPacket, body);
}

}  // namespace sluis
