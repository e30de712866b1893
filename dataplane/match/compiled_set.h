// The compiled set's file: what control writes and the dataplane loads, on one machine.
//
//   CompiledHeader | CompiledRule[] | CompiledCategory[] | strings | serialized Hyperscan database
//
// Integers are in the machine's own byte order, since the database is bound to the machine anyway. The set never comes
// over a network: a serialized database is trusted code for the engine, so control compiles it here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "dataplane/packet/bytes.h"

namespace sluis {

inline constexpr std::uint64_t kCompiledSetMagic = 0x3153'5253'4955'4c53;  // "SLUISRS1"
inline constexpr std::uint32_t kCompiledSetVersion = 3;
/// The largest compiled set that is read, bytes. The shipped one has about a thousandth of that.
inline constexpr std::uint64_t kCompiledSetLimit = std::uint64_t{1} << 28;

using Sha256 = std::array<std::uint8_t, 32>;

/// A part of the file: `size` bytes from `offset` on, counted from the file's start.
struct CompiledSection {
    std::uint32_t offset;
    std::uint32_t size;
};

/// The start of the file. Texts are zero-terminated and zero-padded.
struct CompiledHeader {
    std::uint64_t magic;
    std::uint32_t version;
    std::uint32_t header_size;  ///< sizeof(CompiledHeader) of the writer
    Sha256 digest;              ///< SHA-256 over all that follows this field
    std::uint64_t file_size;
    char engine[64];     ///< hs_version() of the compiler
    char processor[64];  ///< processor_kind() of the machine that compiled
    CompiledSection rules;
    CompiledSection categories;
    CompiledSection strings;
    CompiledSection database;
};
static_assert(sizeof(CompiledHeader) == 216 && std::is_trivially_copyable_v<CompiledHeader>);

/// The first byte that the digest covers.
inline constexpr std::size_t kCompiledDigestFrom = offsetof(CompiledHeader, file_size);

/// A rule; its index is the identifier in the database. One of kind `prefix` is not in the database: its name says all.
struct CompiledRule {
    std::uint32_t name_offset;  ///< in the strings
    std::uint16_t name_size;
    std::uint16_t category;    ///< index in the categories
    std::uint8_t kind;         ///< RuleKind
    std::uint8_t in_table;     ///< 1: a suffix or exact rule of the NameTable, and not in the database; else 0
    std::uint8_t reserved[2];  ///< zero
};
static_assert(sizeof(CompiledRule) == 12 && std::is_trivially_copyable_v<CompiledRule>);

struct CompiledCategory {
    std::uint32_t name_offset;  ///< in the strings
    std::uint16_t name_size;
    std::uint8_t default_on;  ///< 0 or 1
    std::uint8_t allows;      ///< 0 or 1
};
static_assert(sizeof(CompiledCategory) == 8 && std::is_trivially_copyable_v<CompiledCategory>);

/// SHA-256 (FIPS 180-4).
Sha256 sha256(Bytes bytes) noexcept;
/// In lower case.
std::string hexadecimal(const Sha256& digest);

/// What a database is bound to besides the engine's version: the architecture and the vector instructions that it was
/// compiled for, for example "x86-64 avx2 avx512".
std::string processor_kind();

}  // namespace sluis
