#include "dataplane/protocol/client_hello.h"

#include <algorithm>
#include <array>
#include <bit>

#include "dataplane/packet/byte_reader.h"

namespace sluis {
namespace {

// Extension types (RFC 6066, section 1.1; RFC 7301, section 3.1; draft-ietf-tls-esni, section 5).
constexpr std::uint16_t kServerName = 0x0000;
constexpr std::uint16_t kAlpn = 0x0010;

constexpr std::uint8_t kHostName = 0;  ///< NameType (RFC 6066, section 3)
constexpr std::size_t kRandomSize = 32;
constexpr std::size_t kSessionIdLimit = 32;
constexpr std::size_t kServerNameLimit = 255;

/// A hello of today has about 20 extensions; one with more than this is refused, so that the search for
/// duplicates stays short.
constexpr std::size_t kExtensionLimit = 128;

/// The extension types of one hello so far: most are low numbers.
class SeenExtensions {
public:
    /// False when the type was there already, or when there are too many.
    bool add(std::uint16_t type) noexcept {
        if (type >= kLow) return add_high(type);
        if ((low_ >> type & 1) != 0) return false;
        low_ |= std::uint64_t{1} << type;
        return true;
    }
    bool too_many() const noexcept {
        if (high_count_ <= kExtensionLimit - kLow) return false;
        return high_count_ + static_cast<std::size_t>(std::popcount(low_)) > kExtensionLimit;
    }

private:
    static constexpr std::uint16_t kLow = 64;

    bool add_high(std::uint16_t type) noexcept {
        for (std::size_t i = 0; i < high_count_; ++i)
            if (high_[i] == type) return false;
        if (high_count_ <= kExtensionLimit) high_[high_count_++] = type;
        return true;
    }

    std::uint64_t low_ = 0;
    std::size_t high_count_ = 0;
    std::array<std::uint16_t, kExtensionLimit + 1> high_;  // only the first high_count_ are set
};

bool is_name_byte(std::byte byte) noexcept { return byte > std::byte{0x20} && byte < std::byte{0x7f}; }

/// The same of eight bytes at once: none above 0x7e, and with their high bits clear all reach 0x80 when 0x5f is added.
bool are_name_bytes(std::uint64_t word) noexcept {
    constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101, kHigh = 0x80 * kOnes;
    const std::uint64_t low_bits = word & ~kHigh;
    const bool too_high = ((word | (low_bits + kOnes)) & kHigh) != 0;
    return !too_high && ((low_bits + 0x5f * kOnes) & kHigh) == kHigh;
}

Reason check_server_name(Bytes name) noexcept {
    if (name.size() > kServerNameLimit) return Reason::tls_name;
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    if (name.size() < kWord)
        return std::all_of(name.begin(), name.end(), is_name_byte) ? Reason::none : Reason::tls_name;
    const std::byte* const last = name.data() + name.size() - kWord;  // it may overlap the one before
    for (const std::byte* at = name.data(); at < last; at += kWord)
        if (!are_name_bytes(load_be<std::uint64_t>(at))) return Reason::tls_name;
    return are_name_bytes(load_be<std::uint64_t>(last)) ? Reason::none : Reason::tls_name;
}

/// ServerNameList (RFC 6066, section 3). An empty extension and an empty list name nobody.
[[gnu::noinline]] Reason read_server_name(Bytes data, ClientHello& hello) noexcept {
    if (data.empty()) return Reason::none;
    ByteReader extension(data);
    ByteReader list = extension.sub(extension.u16());
    if (!extension.at_end()) return Reason::tls_malformed;
    while (list.ok() && !list.at_end()) {
        const std::uint8_t type = list.u8();
        const Bytes name = list.bytes(list.u16());
        if (!list.ok()) break;
        if (type != kHostName) continue;
        if (hello.has_server_name) return Reason::tls_duplicate_extension;
        if (const Reason reason = check_server_name(name); reason != Reason::none) return reason;
        hello.has_server_name = true;
        hello.server_name = name;
    }
    return list.ok() ? Reason::none : Reason::tls_malformed;
}

/// ProtocolNameList (RFC 7301, section 3.1): at least one name, none of them empty.
[[gnu::noinline]] Reason read_alpn(Bytes data, ClientHello& hello) noexcept {
    ByteReader extension(data);
    ByteReader names = extension.sub(extension.u16());
    hello.alpn = names.all();
    if (names.at_end() || !extension.at_end()) return Reason::tls_malformed;
    while (names.ok() && !names.at_end()) {
        if (names.bytes(names.u8()).empty()) return Reason::tls_malformed;
    }
    return names.ok() ? Reason::none : Reason::tls_malformed;
}

/// A hello has about twenty extensions, of which two are read: the walk over them is most of its cost.
Reason read_extensions(Bytes extensions, ClientHello& hello) noexcept {
    constexpr std::size_t kHead = 4;  // type and length
    SeenExtensions seen;
    const std::byte* at = extensions.data();
    std::size_t left = extensions.size();
    while (left >= kHead) {
        const auto head = load_be<std::uint32_t>(at);
        const auto type = static_cast<std::uint16_t>(head >> 16);
        const std::size_t size = kHead + (head & 0xffff);
        if (size > left) return Reason::tls_malformed;
        if (!seen.add(type)) return Reason::tls_duplicate_extension;
        if (type == kServerName || type == kAlpn) {
            const Bytes data(at + kHead, size - kHead);
            const Reason reason = type == kAlpn ? read_alpn(data, hello) : read_server_name(data, hello);
            if (reason != Reason::none) return reason;
        }
        at += size;
        left -= size;
    }
    return left != 0 || seen.too_many() ? Reason::tls_malformed : Reason::none;
}

}  // namespace

Reason read_client_hello(Bytes body, ClientHello& hello) noexcept {
    ByteReader reader(body);
    const std::uint16_t legacy_version = reader.u16();
    reader.skip(kRandomSize);
    const Bytes session_id = reader.bytes(reader.u8());
    const Bytes cipher_suites = reader.bytes(reader.u16());
    const Bytes compression_methods = reader.bytes(reader.u8());
    if (!reader.ok() || legacy_version >> 8 != 3 || session_id.size() > kSessionIdLimit) return Reason::tls_malformed;
    if (cipher_suites.empty() || cipher_suites.size() % 2 != 0 || compression_methods.empty())
        return Reason::tls_malformed;
    if (reader.at_end()) return Reason::none;  // before RFC 3546 there were no extensions
    const Bytes extensions = reader.bytes(reader.u16());
    if (!reader.ok() || !reader.at_end()) return Reason::tls_malformed;
    return read_extensions(extensions, hello);
}

}  // namespace sluis
