#include "dataplane/verdict/dns_ech.h"

#include <algorithm>
#include <optional>

#include "dataplane/protocol/dns_message.h"

namespace sluis {
namespace {

// SvcParamKeys (RFC 9460, section 14.3.2).
constexpr std::uint16_t kKeyMandatory = 0;
constexpr std::uint16_t kKeyEch = 5;
constexpr int kPrivateKeys = 65280;
constexpr int kPrivateKeysEnd = 65535;
constexpr std::size_t kParamHeaderSize = 4;
constexpr std::size_t kKeySize = sizeof kKeyEch;

bool is_service_binding(std::uint16_t type) noexcept { return type == kDnsTypeHttps || type == kDnsTypeSvcb; }

/// Whether any signature covers records that would be changed.
bool is_signed(Bytes message, const DnsHeader& header) noexcept {
    DnsRecordReader records(message, header);
    while (const auto record = records.next()) {
        if (record->type != kDnsTypeRrsig || record->rdata_length < sizeof(std::uint16_t)) continue;
        // RDATA begins with the Type Covered field: RFC 4034, section 3.1.1.
        if (is_service_binding(load_be<std::uint16_t>(message.data() + record->rdata))) return true;
    }
    return false;
}

/// The least key for private use above `last` and below `next`, or 0: none is free between them.
constexpr int private_key_between(int last, int next) noexcept {
    const int key = std::max(kPrivateKeys, last + 1);
    return key < std::min(next, kPrivateKeysEnd) ? key : 0;
}

/// Where the `ech` parameter is in a parameter list, the key that it gets, and the place that this key has in the list.
struct EchParam {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t place = 0;  ///< it goes before the parameter that is here
    int key = 0;
};

/// None where there is no `ech` parameter, or the list is malformed: keys must strictly increase (RFC 9460,
/// section 2.2); nor where all keys for private use are taken.
std::optional<EchParam> find_ech(Bytes params) noexcept {
    ByteReader reader(params);
    EchParam ech;
    int last = -1;
    const auto choose_key = [&](std::size_t place, int next) {
        if (ech.end == 0 || ech.key != 0) return;
        ech.key = private_key_between(last, next);
        ech.place = place;
    };
    while (!reader.at_end()) {
        const std::size_t begin = reader.position();
        const int key = reader.u16();
        reader.skip(reader.u16());
        if (!reader.ok() || key <= last) return std::nullopt;
        choose_key(begin, key);
        last = key;
        if (key != kKeyEch) continue;
        ech.begin = begin;
        ech.end = reader.position();
    }
    choose_key(params.size(), kPrivateKeysEnd);
    if (ech.key == 0) return std::nullopt;
    return ech;
}

/// Renames `ech` to `key` in a list of mandatory keys, and keeps it in order.
void rename_mandatory(MutableBytes keys, std::uint16_t key) noexcept {
    MutableBytes rest = keys;
    while (rest.size() >= kKeySize && load_be<std::uint16_t>(rest.data()) != kKeyEch) rest = rest.subspan(kKeySize);
    if (rest.size() < kKeySize) return;
    store_be(rest.data(), key);
    for (; rest.size() >= 2 * kKeySize && load_be<std::uint16_t>(rest.data() + kKeySize) < key;
         rest = rest.subspan(kKeySize))
        std::swap_ranges(rest.begin(), rest.begin() + kKeySize, rest.begin() + kKeySize);
}

bool hide_ech(MutableBytes params) noexcept {
    const auto ech = find_ech(params);
    if (!ech) return false;
    const auto at = [&](std::size_t offset) { return params.begin() + static_cast<std::ptrdiff_t>(offset); };
    std::rotate(at(ech->begin), at(ech->end), at(ech->place));
    const auto key = static_cast<std::uint16_t>(ech->key);
    store_be(params.data() + (ech->place - (ech->end - ech->begin)), key);
    // `mandatory`, if there, is still the first parameter.
    if (load_be<std::uint16_t>(params.data()) == kKeyMandatory) {
        const auto length = load_be<std::uint16_t>(params.data() + sizeof kKeyMandatory);
        rename_mandatory(params.subspan(kParamHeaderSize, length), key);
    }
    return true;
}

/// The parameter list of an HTTPS or SVCB record: what follows SvcPriority and TargetName.
MutableBytes service_params(MutableBytes rdata) noexcept {
    ByteReader reader(rdata);
    reader.skip(sizeof(std::uint16_t));
    if (!skip_dns_name(reader)) return {};
    return rdata.subspan(reader.position());
}

/// Where in the visible first part of a parameter list `ech` is, or may be; `params.size()` when nowhere.
std::size_t first_ech_param(Bytes params) noexcept {
    ByteReader reader(params);
    while (!reader.at_end()) {
        const std::size_t begin = reader.position();
        if (reader.remaining() < kKeySize) return begin;
        const auto key = reader.u16();
        if (key > kKeyEch) break;  // keys increase
        if (key == kKeyEch) return begin;
        ByteReader value = reader.sub(reader.u16());
        if (key == kKeyMandatory && !value.ok()) return begin;
        while (key == kKeyMandatory && !value.at_end())
            if (value.u16() == kKeyEch) return begin;
    }
    return params.size();
}

/// The same for the record at `begin`, of which the end may lie beyond the part.
std::size_t first_ech_byte_of(Bytes part, std::size_t begin) noexcept {
    constexpr std::size_t kClassAndTtl = 6;
    ByteReader reader(part.subspan(begin));
    if (!skip_dns_name(reader)) return part.size();
    const auto type = reader.u16();
    reader.skip(kClassAndTtl);
    const auto length = reader.u16();
    const std::size_t end = std::min(part.size(), begin + reader.position() + length);
    reader.skip(sizeof(std::uint16_t));
    if (!is_service_binding(type) || !skip_dns_name(reader)) return part.size();
    const std::size_t params = begin + reader.position();
    if (params >= end) return part.size();
    const std::size_t ech = params + first_ech_param(part.subspan(params, end - params));
    return ech < end ? ech : part.size();
}

}  // namespace

bool strip_ech(MutableBytes message) noexcept {
    const auto header = parse_dns_header(message);
    if (!header || !header->is_response() || is_signed(message, *header)) return false;
    bool changed = false;
    DnsRecordReader records(message, *header);
    while (const auto record = records.next()) {
        if (record->section == DnsSection::authority || !is_service_binding(record->type)) continue;
        changed |= hide_ech(service_params(message.subspan(record->rdata, record->rdata_length)));
    }
    return changed;
}

std::size_t first_ech_byte(Bytes part) noexcept {
    const auto header = parse_dns_header(part);
    if (!header || !header->is_response()) return part.size();
    DnsRecordReader records(part, *header);
    while (records.position() < part.size()) {
        const std::size_t begin = records.position();
        const auto record = records.next();
        if (!record && !records.cut_off()) break;
        if (record && record->section == DnsSection::authority) continue;
        if (const std::size_t ech = first_ech_byte_of(part, begin); ech < part.size()) return ech;
    }
    return part.size();
}

}  // namespace sluis
