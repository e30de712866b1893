#include "dataplane/match/name.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sluis {
namespace {

constexpr char kEscaped = 0;

/// What each byte of a label becomes: itself, its lower case, or kEscaped for a byte that is written as \DDD.
constexpr std::array<char, 256> kNormal = [] {
    std::array<char, 256> table{};
    for (int byte = 0x21; byte <= 0x7e; ++byte) table[static_cast<std::size_t>(byte)] = static_cast<char>(byte);
    for (int byte = 'A'; byte <= 'Z'; ++byte) table[static_cast<std::size_t>(byte)] = static_cast<char>(byte + 0x20);
    table['.'] = kEscaped;
    table['\\'] = kEscaped;
    return table;
}();

/// The bytes that the longest escape takes.
constexpr std::size_t kEscapeSize = 4;

/// What is kept of a text, at most: all of it could be escaped.
constexpr std::size_t kTextLimit = kNormalNameLimit / kEscapeSize - 1;

char* write_escape(char* out, std::uint8_t byte) noexcept {
    *out++ = '\\';
    *out++ = static_cast<char>('0' + byte / 100);
    *out++ = static_cast<char>('0' + byte / 10 % 10);
    *out++ = static_cast<char>('0' + byte % 10);
    return out;
}

/// Writes the bytes of one label. Returns null when they would not fit if each were escaped.
char* write_label(char* out, const char* end, Bytes label) noexcept {
    if (static_cast<std::size_t>(end - out) < label.size() * kEscapeSize) return nullptr;
    for (std::byte byte : label) {
        const auto value = std::to_integer<std::uint8_t>(byte);
        if (kNormal[value] == kEscaped) {
            out = write_escape(out, value);
        } else {
            *out++ = kNormal[value];
        }
    }
    return out;
}

/// Sixteen bytes at once, in a register that every processor of the two architectures has.
typedef std::uint8_t Block __attribute__((vector_size(16)));

/// What a fold leaves to the path that looks at each byte: bytes to escape, and those that mean something in a text.
enum class Odd { in_label, in_text };

/// Writes a block with A-Z folded, and marks its odd bytes in `found`. Ranges are tested by one comparison each: what
/// lies below their first byte wraps round.
template <Odd odd>
void fold_block(char* out, const void* from, Block& found) noexcept {
    constexpr std::uint8_t kLetters = 'Z' - 'A', kPrintable = 0x7e - 0x21;
    Block block;
    std::memcpy(&block, from, sizeof block);
    const auto upper = reinterpret_cast<Block>(block - 'A' <= kLetters);
    found |= reinterpret_cast<Block>((block - 0x21 > kPrintable) | (block == '\\'));
    if constexpr (odd == Odd::in_label) found |= reinterpret_cast<Block>(block == '.');
    if constexpr (odd == Odd::in_text)
        found |= reinterpret_cast<Block>((block == '@') | (block == ':') | (block == '['));
    block |= upper & 0x20;
    std::memcpy(out, &block, sizeof block);
}

bool any(Block found) noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, &found, sizeof found);
    return (halves[0] | halves[1]) != 0;
}

/// Folds A-Z in place, in whole blocks. Returns whether any byte is odd.
template <Odd odd>
bool fold_blocks(char* text, std::size_t length) noexcept {
    Block found{};
    for (std::size_t at = 0; at < length; at += sizeof(Block)) fold_block<odd>(text + at, text + at, found);
    return any(found);
}

/// Copies `bytes` and behind them what makes the last block whole: letters, which are not odd.
/// REQUIRES: room for sizeof(Block) more.
void copy_padded(char* out, Bytes bytes) noexcept {
    std::memcpy(out, bytes.data(), bytes.size());
    std::memset(out + bytes.size(), 'a', sizeof(Block));
}

/// Writes `text` with A-Z folded. Returns whether any byte is odd. What is no shorter than a block is folded on its
/// way: bytes that are read in blocks right after they were copied are waited for. The last block overlaps the one
/// before.
bool fold_text(char* out, Bytes text) noexcept {
    if (text.size() < sizeof(Block)) {
        copy_padded(out, text);
        return fold_blocks<Odd::in_text>(out, text.size());
    }
    Block found{};
    const std::size_t last = text.size() - sizeof(Block);
    for (std::size_t at = 0; at < last; at += sizeof(Block)) fold_block<Odd::in_text>(out + at, &text[at], found);
    fold_block<Odd::in_text>(out + last, &text[last], found);
    return any(found);
}

/// Writes `separator` where the length bytes of all labels but the first are. `wire` ends before the root label.
void separate_labels(char* out, Bytes wire, char separator) noexcept {
    for (std::size_t at = std::size_t{1} + std::to_integer<std::uint8_t>(wire[0]); at < wire.size();
         at += std::size_t{1} + std::to_integer<std::uint8_t>(wire[at]))
        out[at - 1] = separator;
}

/// Normalises a name of which no byte is odd, as nearly all are, in a few steps. False when it is another one.
bool normalise_plain_dns_name(Bytes wire, std::span<char> room) noexcept {
    if (room.size() < kNormalNameLimit || room.size() < wire.size() + sizeof(Block)) return false;
    copy_padded(room.data(), wire.subspan(1));
    separate_labels(room.data(), wire, '-');
    if (fold_blocks<Odd::in_label>(room.data(), wire.size() - 1)) return false;
    separate_labels(room.data(), wire, '.');
    return true;
}

/// The labels of a name: what comes before its root label, or before a length that leaves it.
Bytes labels_of(Bytes wire) noexcept {
    std::size_t at = 0;
    while (at < wire.size()) {
        const auto size = std::to_integer<std::size_t>(wire[at]);
        if (size == 0 || size >= wire.size() - at) break;
        at += 1 + size;
    }
    return wire.first(at);
}

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

constexpr bool is_ipv6_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/// An IPv6 address without brackets, which no Host may hold but an SNI does at times: its colons begin no port.
bool is_bare_ipv6(std::string_view text) noexcept {
    return std::count(text.begin(), text.end(), ':') > 1 && std::all_of(text.begin(), text.end(), is_ipv6_character);
}

/// Cuts at the port. No host name holds a colon, so what follows the first one is cut whether it is a number or not.
/// Brackets are for IPv6 addresses; some proxies take them off a name, too, and ask for that.
std::string_view without_port(std::string_view text) noexcept {
    if (text.starts_with('[')) {
        const auto bracket = text.find(']');
        if (bracket == text.npos) return text;
        const std::string_view held = text.substr(1, bracket - 1);
        if (is_bare_ipv6(held.substr(0, held.find('%')))) return text.substr(0, bracket + 1);
        text = held;
    }
    return is_bare_ipv6(text) ? text : text.substr(0, text.find(':'));
}

std::string_view host_of(std::string_view text) noexcept {
    if (const auto at = text.rfind('@'); at != text.npos) text.remove_prefix(at + 1);
    text = trim(without_port(trim(text)));
    if (text.ends_with('.')) text.remove_suffix(1);
    return text;
}

/// What is kept of a text longer than any host name (RFC 1035: 255 bytes): its last labels, from a dot on, so that a
/// suffix still matches and neither the start of a name nor a label is made up.
std::string_view last_labels(std::string_view text, std::size_t limit) noexcept {
    if (text.size() <= limit) return text;
    text.remove_prefix(text.size() - limit);
    const auto dot = text.find('.');
    return dot == text.npos ? std::string_view{} : text.substr(dot);
}

}  // namespace

std::size_t normalise_dns_name(Bytes wire, std::span<char> room) noexcept {
    wire = labels_of(wire);
    if (wire.empty()) return 0;
    if (normalise_plain_dns_name(wire, room)) return wire.size() - 1;
    char* out = room.data();
    const char* const end = room.data() + room.size();
    while (!wire.empty()) {
        const auto size = std::to_integer<std::size_t>(wire.front());
        if (out != room.data()) {
            if (out == end) return 0;
            *out++ = '.';
        }
        out = write_label(out, end, wire.subspan(1, size));
        if (out == nullptr) return 0;
        wire = wire.subspan(1 + size);
    }
    return static_cast<std::size_t>(out - room.data());
}

std::size_t normalise_text_name(Bytes text, std::span<char> room) noexcept {
    if (!text.empty() && text.size() <= kTextLimit && room.size() >= kNormalNameLimit && !fold_text(room.data(), text))
        return text.size() - (text.back() == std::byte{'.'} ? 1 : 0);
    std::string_view host = last_labels(host_of(as_text(text)), kTextLimit);
    char* out = room.data();
    const char* const end = room.data() + room.size();
    while (!host.empty()) {
        const std::size_t size = std::min(host.find('.'), host.size());
        out = write_label(out, end, as_bytes(host.substr(0, size)));
        if (out == nullptr || (size < host.size() && out == end)) return 0;
        if (size < host.size()) *out++ = '.';
        host.remove_prefix(std::min(size + 1, host.size()));
    }
    return static_cast<std::size_t>(out - room.data());
}

NameBatch::NameBatch()
    : text_(std::make_unique<char[]>(kTextSize)), ends_(std::make_unique<std::uint32_t[]>(kMaxNames)) {
    text_[0] = '\n';
}

int NameBatch::add_dns(Bytes wire) noexcept {
    if (full()) return -1;
    return commit(normalise_dns_name(wire, {text_.get() + length_ + 1, kNormalNameLimit}));
}

int NameBatch::add_text(Bytes text) noexcept {
    if (full()) return -1;
    return commit(normalise_text_name(text, {text_.get() + length_ + 1, kNormalNameLimit}));
}

bool NameBatch::full() const noexcept { return count_ == kMaxNames || kTextSize - length_ < kNormalNameLimit + 2; }

int NameBatch::commit(std::size_t length) noexcept {
    text_[length_] = '.';
    length_ += static_cast<std::uint32_t>(length) + 2;
    text_[length_ - 1] = '\n';
    ends_[count_] = length_;
    return static_cast<int>(count_++);
}

std::string_view NameBatch::name(std::uint32_t index) const noexcept {
    const std::uint32_t begin = index == 0 ? 1 : ends_[index - 1];
    return {text_.get() + begin + 1, ends_[index] - begin - 2};
}

std::uint32_t NameBatch::name_ending_at(std::uint64_t end_offset) const noexcept {
    const auto* const end = std::lower_bound(ends_.get(), ends_.get() + count_, end_offset);
    return static_cast<std::uint32_t>(end - ends_.get());
}

}  // namespace sluis
