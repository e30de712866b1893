// QUIC's keys and packets take nothing from the heap.
#include <gtest/gtest.h>

#include <array>

#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/quic_initial.h"
#include "tests/unit/counting_allocator.h"
#include "tests/unit/quic_sample.h"

#if SLUIS_OWN_MALLOC

namespace sluis {
namespace {

TEST(QuicAllocation, TheCounterCounts) {
    const long before = allocations;
    std::byte* volatile block = new std::byte[100];
    delete[] block;
    void* volatile other = std::calloc(1, 100);
    std::free(other);
    EXPECT_EQ(allocations - before, 2);
}

TEST(QuicAllocation, NothingIsAllocated) {
    const Buffer datagram = read_sample("quic_initial_www_google_com.bin");
    ASSERT_FALSE(datagram.empty());
    std::array<std::byte, 2048> scratch;
    std::array<std::byte, 128> room;

    const long before = allocations;
    const auto header = parse_quic_long_header(datagram);
    const auto keys = derive_quic_initial_keys(header->version, header->destination, QuicSender::client);
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    QuicFrameReader reader(payload->frames);
    const auto frame = reader.next();
    const auto refusal = write_quic_refusal(*header, header->destination, header->destination, room);
    const long after = allocations;

    EXPECT_EQ(after, before);
    EXPECT_TRUE(frame.has_value());
    EXPECT_TRUE(refusal.has_value());
}

}  // namespace
}  // namespace sluis

#else

TEST(QuicAllocation, NeedsTheSystemsOwnMalloc) { GTEST_SKIP() << "a sanitizer replaces malloc"; }

#endif
