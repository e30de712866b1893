// Writes in any order against a plain model: what is known, what is contiguous, and which writes conflict. Each step
// has four bytes: what to do, an offset of two bytes, and a length.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "dataplane/flow/reassembly_buffer.h"
#include "dataplane/packet/byte_reader.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

/// A byte for each place in the stream, or nothing while it is not known.
class Model {
public:
    explicit Model(std::uint32_t capacity) : bytes_(capacity) {}

    Written write(std::size_t offset, Bytes data) {
        if (offset + data.size() > bytes_.size()) return Written::too_long;
        bool fresh = false;
        for (std::size_t i = 0; i < data.size(); ++i) {
            if (bytes_[offset + i] && *bytes_[offset + i] != data[i]) return Written::conflict;
            fresh |= !bytes_[offset + i];
        }
        std::copy(data.begin(), data.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
        return fresh ? Written::fresh : Written::known;
    }
    void discard_front(std::size_t count) {
        const std::size_t gone = std::min(count, bytes_.size());
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(gone));
        bytes_.resize(bytes_.size() + gone);
    }
    void grow(std::uint32_t capacity) { bytes_.resize(capacity); }
    void check(const ReassemblyBuffer& buffer) const {
        const Bytes known = buffer.contiguous();
        for (std::size_t i = 0; i < known.size(); ++i) require(bytes_[i] && *bytes_[i] == known[i]);
        require(known.size() == bytes_.size() || !bytes_[known.size()]);
        std::size_t end = bytes_.size();
        while (end > 0 && !bytes_[end - 1]) --end;
        require(buffer.end() == end && buffer.capacity() == bytes_.size());
    }

private:
    std::vector<std::optional<std::byte>> bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint32_t kLarge = 4096;
    ByteReader input(std::as_bytes(std::span(data, size)));
    ReassemblyPool pool(2, 2, kLarge);
    // What another stream has left in the memory must not show.
    const std::uint32_t before = pool.take(1);
    pool[before].write(1, input.bytes(std::min<std::size_t>(input.remaining(), 100)));
    pool.give_back(before);
    input = ByteReader(std::as_bytes(std::span(data, size)));

    std::uint32_t handle = pool.take(1);
    Model model(pool[handle].capacity());
    for (int count = 0; count < 300 && input.remaining() >= 4; ++count) {
        const std::uint8_t choice = input.u8();
        const std::uint16_t offset = input.u16();
        const std::uint8_t length = input.u8();
        if (choice < 4) {
            require(pool.grow(handle, kLarge));
            model.grow(pool[handle].capacity());
        } else if (choice < 16) {
            pool[handle].discard_front(offset % 256);
            model.discard_front(offset % 256);
        } else {
            // Mostly the same bytes everywhere, so that writes agree.
            std::vector<std::byte> bytes(std::size_t{length} * (choice % 4 + 1), std::byte{1});
            if (choice < 32 && !bytes.empty()) bytes[choice % bytes.size()] = std::byte{choice};
            const std::uint32_t place = offset % (pool[handle].capacity() + 64);
            require(pool[handle].write(place, bytes) == model.write(place, bytes));
        }
        model.check(pool[handle]);
    }
    return 0;
}
