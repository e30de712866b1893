// The zone table: which clients a policy treats alike, and what it does with each category for them. Control writes one
// for each phase of the policy; the dataplane maps it and only reads.
//
//   ZoneTableHeader | ZoneRecord[] | modes | ZoneCategory[] | strings | VLANs | ZonePair[] | Ipv4Step[] | Ipv6Step[]
//   | device classes | devices
//
// Integers are in the machine's own byte order, as in a compiled set: both stay on one machine. A set of zones is 64
// bits, bit i for zone i. Each kind of matcher gives the set that it lets through, a zone without that kind included;
// the zone is the first one that is in all of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <tl/expected.hpp>

#include "dataplane/match/compiled_set.h"
#include "dataplane/packet/address.h"
#include "dataplane/packet/byte_order.h"
#include "dataplane/packet/bytes.h"
#include "dataplane/packet/frame.h"

namespace sluis {

inline constexpr std::uint64_t kZoneTableMagic = 0x315a'5353'4955'4c53;  // "SLUISSZ1"
inline constexpr std::uint32_t kZoneTableVersion = 1;
/// The largest table that is read, bytes. A million devices take an eighth of it.
inline constexpr std::uint64_t kZoneTableLimit = std::uint64_t{1} << 26;
/// With the last one, which matches everything.
inline constexpr std::size_t kZoneLimit = 64;
inline constexpr std::size_t kZonePairLimit = 64;
inline constexpr std::size_t kZoneNameSize = 31;      ///< bytes
inline constexpr std::size_t kZoneLanguageSize = 15;  ///< bytes
inline constexpr std::size_t kVlanCount = 4096;       ///< VLAN identifiers (IEEE 802.1Q); 0 is a frame without one

/// What is done with a category's names in a zone.
enum class ZoneMode : std::uint8_t {
    off,      ///< they pass
    monitor,  ///< they pass, and are counted and reported
    enforce,  ///< they are refused
};
inline constexpr std::array<std::string_view, 3> kZoneModeNames{"off", "monitor", "enforce"};
inline constexpr std::size_t kZoneModes = kZoneModeNames.size();

using ZoneSet = std::uint64_t;

/// The start of the table. Texts are zero-terminated and zero-padded, but for the digest.
struct ZoneTableHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t header_size;  ///< sizeof(ZoneTableHeader) of the writer
    Sha256 digest;              ///< SHA-256 over all that follows this field
    std::uint64_t file_size;
    char rule_set_digest[64];  ///< RuleSet::digest() of the set whose categories these are
    std::uint64_t generation;  ///< of the policy: when a rule of it last began or ended, seconds since 1970
    ZoneSet any_pair;          ///< the zones that let every pair through
    ZoneSet any_device;        ///< the zones that let every device through
    CompiledSection zones;
    CompiledSection modes;  ///< a ZoneMode each: all categories of the first zone, then of the second …
    CompiledSection categories;
    CompiledSection strings;
    CompiledSection vlans;  ///< kVlanCount of ZoneSet
    CompiledSection pairs;
    CompiledSection ipv4;
    CompiledSection ipv6;
    CompiledSection device_classes;  ///< of ZoneSet
    CompiledSection devices;         ///< 64 bits each, ascending: the address's 48, then 16: its class
};
static_assert(sizeof(ZoneTableHeader) == 224 && std::is_trivially_copyable_v<ZoneTableHeader>);

/// The first byte that the digest covers.
inline constexpr std::size_t kZoneDigestFrom = offsetof(ZoneTableHeader, file_size);

struct ZoneRecord {
    char name[kZoneNameSize + 1];
    char language[kZoneLanguageSize + 1];  ///< of texts for people (BCP 47); empty: none said
};
static_assert(sizeof(ZoneRecord) == 48 && std::is_trivially_copyable_v<ZoneRecord>);

/// A category of the rule set; in its order.
struct ZoneCategory {
    std::uint32_t name_offset;  ///< in the strings
    std::uint16_t name_size;
    std::uint16_t reserved;  ///< zero
};
static_assert(sizeof(ZoneCategory) == 8 && std::is_trivially_copyable_v<ZoneCategory>);

/// A pair that some zone names.
struct ZonePair {
    char name[16];
    ZoneSet zones;
};
static_assert(sizeof(ZonePair) == 24 && std::is_trivially_copyable_v<ZonePair>);

/// The zones of all addresses from `first` to the next step's. The first step begins at 0.
struct Ipv4Step {
    std::uint32_t first;
    std::uint32_t reserved;  ///< zero
    ZoneSet zones;
};
static_assert(sizeof(Ipv4Step) == 16 && std::is_trivially_copyable_v<Ipv4Step>);

struct Ipv6Step {
    std::uint64_t high, low;  ///< the first address, as a number
    ZoneSet zones;
};
static_assert(sizeof(Ipv6Step) == 24 && std::is_trivially_copyable_v<Ipv6Step>);

/// Whether a zone may be called so: letters, digits, '.', '_' and '-', for it stands in metrics and events.
bool is_zone_name(std::string_view name) noexcept;

/// An Ethernet address as a number of 48 bits, the first byte highest. REQUIRES: six readable bytes.
inline std::uint64_t device_number(const std::byte* address) noexcept {
    return std::uint64_t{load_be<std::uint32_t>(address)} << 16 | load_be<std::uint16_t>(address + 4);
}

/// ZoneTable::pair_index() of the pairs of a set, by Frame::link.
using LinkPairs = std::array<std::uint16_t, kMaxSetPairs>;

/// What is known of a client. The default is a client of whom nothing is.
struct ZoneQuery {
    static constexpr std::uint16_t kOtherPair = 0xffff;
    std::uint16_t pair = kOtherPair;  ///< ZoneTable::pair_index() of its name
    std::uint16_t outer_vlan = 0;     ///< of the outermost tag; 0: no tag
    std::uint16_t inner_vlan = 0;     ///< of the innermost tag; the same where there is one tag
    bool ipv6 = false;
    std::uint64_t device = 0;  ///< the inside station's address, device_number(); 0: not known
    IpAddress client;
};

/// A view on a checked table. REQUIRES: the bytes outlive it and do not change (a sealed memfd, or a copy).
class ZoneTable {
public:
    /// Checks all of it: magic, version, sizes, digest, and every set, step and mode, so that no look-up can leave the
    /// table or find no zone. Not for the frame path. The error is one line for people.
    static tl::expected<ZoneTable, std::string> load(Bytes table);

    /// The first zone that matches; the last one matches always. A few dozen comparisons for a million devices.
    std::size_t zone_of(const ZoneQuery& query) const noexcept;
    /// REQUIRES: zone < zone_count(), category < category_count().
    ZoneMode mode(std::size_t zone, std::size_t category) const noexcept {
        return static_cast<ZoneMode>(modes_[zone * category_count_ + category]);
    }
    /// Where the table keeps the pair of that name, for ZoneQuery; kOtherPair when no zone names it.
    std::uint16_t pair_index(std::string_view name) const noexcept;

    std::size_t zone_count() const noexcept { return zones_.count; }
    std::size_t category_count() const noexcept { return category_count_; }
    /// REQUIRES: zone < zone_count().
    std::string_view name(std::size_t zone) const noexcept;
    std::string_view language(std::size_t zone) const noexcept;
    /// REQUIRES: category < category_count().
    std::string_view category(std::size_t category) const noexcept;
    /// Of the rule set that this table goes with: RuleSet::digest().
    std::string_view rule_set_digest() const noexcept;
    std::uint64_t generation() const noexcept { return generation_; }
    std::size_t device_count() const noexcept { return devices_.count; }

private:
    /// An array in the table, at any address.
    template <typename T>
    struct Array {
        const std::byte* first = nullptr;
        std::size_t count = 0;
        T operator[](std::size_t index) const noexcept {
            T item;
            __builtin_memcpy(&item, first + index * sizeof(T), sizeof item);
            return item;
        }
    };
    class Reader;

    ZoneSet zones_of_device(std::uint64_t device) const noexcept;
    ZoneSet zones_of_address(const IpAddress& address, bool ipv6) const noexcept;

    const std::byte* table_ = nullptr;
    const std::byte* modes_ = nullptr;
    const std::byte* strings_ = nullptr;
    std::size_t category_count_ = 0;
    std::uint64_t generation_ = 0;
    ZoneSet any_pair_ = 0;
    ZoneSet any_device_ = 0;
    Array<ZoneRecord> zones_;
    Array<ZoneCategory> categories_;
    Array<ZoneSet> vlans_;
    Array<ZonePair> pairs_;
    Array<Ipv4Step> ipv4_;
    Array<Ipv6Step> ipv6_;
    Array<ZoneSet> device_classes_;
    Array<std::uint64_t> devices_;
};

}  // namespace sluis
