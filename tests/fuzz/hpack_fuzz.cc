// Any bytes as the header blocks of one connection: fields can be read, the table keeps to its limit, and the lists do.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dataplane/protocol/hpack.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

/// Reads every byte that it is given.
class Checker final : public HpackFieldVisitor {
public:
    Reason on_field(const HpackField& field) noexcept override {
        list_size += field.size();
        for (const Bytes part : {field.name, field.value})
            for (const std::byte byte : part) sum += std::to_integer<unsigned>(byte);
        return Reason::none;
    }
    std::size_t list_size = 0;
    unsigned sum = 0;
};

void check_table(const HpackTable& table) {
    std::size_t size = 0;
    for (std::size_t i = 1; i <= table.count(); ++i) size += table[i].size();
    require(size == table.size() && size <= kHpackTableLimit);
}

void check_blocks(Bytes bytes) {
    HpackDecoder decoder;
    // The first byte of each part says how long its block is.
    while (!bytes.empty()) {
        const std::size_t length = std::min<std::size_t>(std::to_integer<std::size_t>(bytes[0]) * 8, bytes.size() - 1);
        // Copies of exact size, so that a sanitizer sees the first byte read beyond.
        const std::vector<std::byte> block(bytes.begin() + 1, bytes.begin() + 1 + static_cast<std::ptrdiff_t>(length));
        std::vector<std::byte> scratch(hpack_scratch_size(length));
        Checker checker;
        const Reason reason = decoder.decode(block, scratch, checker);
        require(reason == Reason::none || reason == Reason::http_malformed || reason == Reason::stream_limit);
        require(checker.list_size <= kHpackListLimit);
        check_table(decoder.table());
        if (reason != Reason::none) return;
        bytes = bytes.subspan(1 + length);
    }
}

void check_huffman(Bytes bytes) {
    std::vector<std::byte> room(hpack_huffman_limit(bytes.size()));
    const auto whole = decode_hpack_huffman(bytes, room);
    if (!whole) return require(whole.error() == Reason::http_malformed);
    require(*whole <= room.size());
    std::vector<std::byte> exact(*whole);
    require(decode_hpack_huffman(bytes, exact).has_value() && std::equal(exact.begin(), exact.end(), room.begin()));
    if (*whole == 0) return;
    exact.pop_back();
    const auto less = decode_hpack_huffman(bytes, exact);
    require(!less && less.error() == Reason::stream_limit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
    check_blocks(bytes);
    check_huffman(bytes);
    return 0;
}
