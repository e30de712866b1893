#include "dataplane/packet/byte_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/quic_sample.h"

namespace sluis {
namespace {

struct Varint {
    const char* hex;
    std::uint64_t value;
};

/// RFC 9000, appendix A.1, and the ends of each length.
constexpr Varint kVarints[] = {
    {"00", 0},
    {"25", 37},
    {"3f", 63},
    {"4025", 37},
    {"7bbd", 15293},
    {"7fff", 16383},
    {"80000040", 64},
    {"9d7f3e7d", 494878333},
    {"bfffffff", (1u << 30) - 1},
    {"c2197c5eff14e88c", 151288809941952652},
    {"ffffffffffffffff", (std::uint64_t{1} << 62) - 1},
};

TEST(ByteReader, ReadsAVarintWhateverFollows) {
    for (const Varint& varint : kVarints)
        for (std::size_t more = 0; more < 10; ++more) {
            Buffer bytes = from_hex(varint.hex);
            const std::size_t size = bytes.size();
            bytes.resize(size + more, std::byte{0xee});
            ByteReader reader(bytes);
            EXPECT_EQ(reader.varint(), varint.value) << varint.hex << " and " << more;
            EXPECT_TRUE(reader.ok());
            EXPECT_EQ(reader.position(), size);
        }
}

TEST(ByteReader, FailsForACutVarint) {
    for (const Varint& varint : kVarints) {
        const Buffer whole = from_hex(varint.hex);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            ByteReader reader(cut);
            EXPECT_EQ(reader.varint(), 0) << varint.hex << " cut to " << size;
            EXPECT_FALSE(reader.ok());
            EXPECT_TRUE(reader.at_end());
        }
    }
}

}  // namespace
}  // namespace sluis
