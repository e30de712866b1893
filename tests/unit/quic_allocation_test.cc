// QUIC's keys and packets take nothing from the heap.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "dataplane/protocol/quic_frame.h"
#include "dataplane/protocol/quic_initial.h"
#include "tests/unit/quic_sample.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLUIS_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUIS_OWN_MALLOC 0
#endif
#endif
#if !defined(SLUIS_OWN_MALLOC) && defined(__GLIBC__)
#define SLUIS_OWN_MALLOC 1
#endif

#if SLUIS_OWN_MALLOC

namespace {
std::atomic<int> allocations{0};
}

// operator new comes here, too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    ++allocations;
    return __libc_realloc(block, size);
}
}

namespace sluis {
namespace {

TEST(QuicAllocation, TheCounterCounts) {
    const int before = allocations;
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

    const int before = allocations;
    const auto header = parse_quic_long_header(datagram);
    const auto keys = derive_quic_initial_keys(header->version, header->destination, QuicSender::client);
    const auto payload = unprotect_quic_initial(*header, keys, scratch);
    QuicFrameReader reader(payload->frames);
    const auto frame = reader.next();
    const auto refusal = write_quic_refusal(*header, header->destination, room);
    const int after = allocations;

    EXPECT_EQ(after, before);
    EXPECT_TRUE(frame.has_value());
    EXPECT_TRUE(refusal.has_value());
}

}  // namespace
}  // namespace sluis

#else

TEST(QuicAllocation, NeedsTheSystemsOwnMalloc) { GTEST_SKIP() << "a sanitizer replaces malloc"; }

#endif
