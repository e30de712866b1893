// ReassemblyBuffer against a map from offset to byte.
#include "dataplane/flow/reassembly_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace sluis {
namespace {

class Model {
public:
    explicit Model(std::uint32_t capacity) : capacity_(capacity) {}
    Written write(std::uint32_t offset, Bytes bytes) {
        if (offset > capacity_ || bytes.size() > capacity_ - offset) return Written::too_long;
        bool fresh = false;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const auto known = bytes_.find(offset + static_cast<std::uint32_t>(i));
            if (known == bytes_.end())
                fresh = true;
            else if (known->second != bytes[i])
                return Written::conflict;
        }
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes_[offset + static_cast<std::uint32_t>(i)] = bytes[i];
        return fresh ? Written::fresh : Written::known;
    }
    void discard_front(std::uint32_t count) {
        std::map<std::uint32_t, std::byte> rest;
        for (const auto& [offset, byte] : bytes_)
            if (offset >= count) rest[offset - count] = byte;
        bytes_ = rest;
    }
    void grow(std::uint32_t capacity) { capacity_ = capacity; }
    std::vector<std::byte> contiguous() const {
        std::vector<std::byte> known;
        for (const auto& [offset, byte] : bytes_) {
            if (offset != known.size()) break;
            known.push_back(byte);
        }
        return known;
    }
    std::uint32_t end() const { return bytes_.empty() ? 0 : bytes_.rbegin()->first + 1; }

private:
    std::uint32_t capacity_;
    std::map<std::uint32_t, std::byte> bytes_;
};

void expect_same(ReassemblyBuffer& buffer, const Model& model) {
    const Bytes known = buffer.contiguous();
    ASSERT_EQ(std::vector<std::byte>(known.begin(), known.end()), model.contiguous());
    ASSERT_EQ(buffer.end(), model.end());
}

/// A stream of few values, so that overlaps agree often and conflict often.
void run_model(unsigned seed, std::uint32_t step_size, unsigned values) {
    std::mt19937 random(seed);
    ReassemblyPool pool(2, 2, 4096);
    std::uint32_t handle = pool.take(100);
    Model model(pool[handle].capacity());
    for (int step = 0; step < 3000; ++step) {
        const std::uint32_t capacity = pool[handle].capacity();
        switch (random() % 16) {
            case 0: {
                const std::uint32_t count = random() % (capacity + 10);
                pool[handle].discard_front(count);
                model.discard_front(count);
                break;
            }
            case 1:
                if (random() % 8 != 0) break;
                ASSERT_TRUE(pool.grow(handle, 4096));
                model.grow(4096);
                break;
            default: {
                const std::uint32_t offset = random() % 4
                                                 ? pool[handle].end() + random() % 5 - std::min(pool[handle].end(), 4u)
                                                 : random() % (capacity + 4);
                std::vector<std::byte> bytes(random() % step_size);
                for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() % values);
                ASSERT_EQ(pool[handle].write(offset, bytes), model.write(offset, bytes)) << step;
            }
        }
        ASSERT_NO_FATAL_FAILURE(expect_same(pool[handle], model)) << step;
    }
}

TEST(ReassemblyBuffer, DoesWhatAByteMapDoes) {
    for (unsigned seed = 0; seed < 10; ++seed) {
        ASSERT_NO_FATAL_FAILURE(run_model(seed, 40, 1)) << seed;
        ASSERT_NO_FATAL_FAILURE(run_model(seed, 8, 2)) << seed;
        ASSERT_NO_FATAL_FAILURE(run_model(seed, 300, 1)) << seed;
    }
}

TEST(ReassemblyBuffer, BoundsOfTheLastByte) {
    ReassemblyPool pool(1, 1, 4096);
    const std::uint32_t handle = pool.take(1);
    ReassemblyBuffer& buffer = pool[handle];
    const std::vector<std::byte> bytes(2048);
    EXPECT_EQ(buffer.write(1, bytes), Written::too_long);
    EXPECT_EQ(buffer.write(2048, Bytes(bytes).first(1)), Written::too_long);
    EXPECT_EQ(buffer.write(0xffff'ffff, Bytes(bytes).first(1)), Written::too_long);
    EXPECT_EQ(buffer.write(2047, Bytes(bytes).first(1)), Written::fresh);
    EXPECT_EQ(buffer.write(0, bytes), Written::fresh);
    EXPECT_EQ(buffer.contiguous().size(), 2048u);
}

TEST(ReassemblyPool, FallsBackToLargeBuffersAndGivesNoneWhenAllAreOut) {
    ReassemblyPool pool(1, 2, 3000);
    EXPECT_EQ(pool.large_size() % 64, 0u);
    EXPECT_GE(pool.large_size(), 3000u);
    EXPECT_EQ(pool.take(pool.large_size() + 1), ReassemblyPool::kNone);
    std::uint32_t small = pool.take(10), large = pool.take(10);
    EXPECT_EQ(pool[small].capacity(), ReassemblyPool::kSmall);
    EXPECT_EQ(pool[large].capacity(), pool.large_size());
    const std::uint32_t last = pool.take(2500);
    EXPECT_NE(last, ReassemblyPool::kNone);
    EXPECT_EQ(pool.take(1), ReassemblyPool::kNone);
    EXPECT_FALSE(pool.grow(small, 2049));
    pool.give_back(last);
    EXPECT_TRUE(pool.grow(small, 2049));
    EXPECT_EQ(pool[small].capacity(), pool.large_size());
    EXPECT_NE(pool.take(10), ReassemblyPool::kNone) << "the small one came back";
}

}  // namespace
}  // namespace sluis
