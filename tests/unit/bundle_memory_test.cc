// What anybody may send is not read into memory before it is known to be small.
#include <gtest/gtest.h>

#include <string>

#include "control/bundle/bundle_limits.h"
#include "control/bundle/envelope.h"
#include "control/bundle/rule_bundle.h"
#include "tests/unit/bundle_harness.h"
#include "tests/unit/counting_allocator.h"

namespace sluis {
namespace {

constexpr int kParts = 100'000;

[[maybe_unused]] std::string repeated(const std::string& part) {
    std::string all;
    for (int i = 0; i < kParts; ++i) all += part;
    return all;
}

TEST(BundleMemory, IsNotTakenByPartsThatAreTooMany) {
#if !SLUIS_OWN_MALLOC
    GTEST_SKIP() << "allocations are not counted here";
#else
    wire::Envelope unsigned_envelope;
    unsigned_envelope.set_payload("x");
    const std::string file = write_message(unsigned_envelope) + repeated(std::string("\x12\0", 2));
    long before = allocations;
    EXPECT_EQ(test::code_of(read_envelope(as_bytes(file), kEnvelopeLimit)), BundleCode::signature_count);
    EXPECT_LT(allocations - before, 100);
    for (const char field : {3, 9, 12, 14}) {
        const std::string payload =
            write_message(test::bundle(1)) + repeated(std::string({static_cast<char>(field << 3 | 2), '\0'}));
        before = allocations;
        EXPECT_EQ(test::code_of(read_rule_bundle(payload)), BundleCode::payload_limit);
        EXPECT_LT(allocations - before, 100) << int(field);
    }
#endif
}

}  // namespace
}  // namespace sluis
