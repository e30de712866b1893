// What pulling remembers, and which refusals are worth remembering.
#include <gtest/gtest.h>

#include <string>

#include "control/bundle/bundle_error.h"
#include "control/updates/updates_memory.h"

namespace sluis {
namespace {

std::string digest(int number) { return std::string(62, 'a') + std::to_string(10 + number); }

TEST(UpdatesMemory, ReadsWhatItWrites) {
    UpdatesMemory memory;
    memory.fresh = 1'700'000'000;
    memory.refuse({digest(0), 7, 901, "self_test_failed", "a \"test\"\xff"});
    memory.refuse({digest(1), 8, 303, "product_wrong", ""});
    const UpdatesMemory read = read_updates_memory(write_updates_memory(memory));
    EXPECT_EQ(read.fresh, memory.fresh);
    ASSERT_EQ(read.refused.size(), 2u);
    EXPECT_EQ(read.refused[1], memory.refused[1]);
    EXPECT_EQ(read.find(digest(0))->code, 901u);
    EXPECT_EQ(read.find(digest(2)), nullptr);
}

TEST(UpdatesMemory, IsBounded) {
    UpdatesMemory memory;
    for (int i = 0; i < 40; ++i) memory.refuse({digest(i), 1, 303, "", std::string(5000, 'x')});
    memory.refuse({digest(39), 2, 304, "", ""});
    EXPECT_EQ(memory.refused.size(), kRefusedBundleLimit);
    EXPECT_EQ(memory.find(digest(0)), nullptr);
    EXPECT_EQ(memory.find(digest(39))->sequence, 2u);
    EXPECT_LT(write_updates_memory(memory).size(), kUpdatesMemoryLimit);
}

TEST(UpdatesMemory, MakesNothingOfWhatIsDamaged) {
    for (const char* text : {"", "{", "[]", "null", "{\"fresh\":-1}", "{\"fresh\":\"x\",\"refused\":{}}",
                             "{\"refused\":[1,null,{},{\"sha256\":\"x\"},{\"sha256\":7}]}"}) {
        EXPECT_EQ(read_updates_memory(text), UpdatesMemory{}) << text;
    }
    EXPECT_EQ(read_updates_memory(std::string(kUpdatesMemoryLimit + 1, ' ')), UpdatesMemory{});
}

TEST(Refusals, LastWhenTheyAreAboutTheBundle) {
    const auto lasts = [](BundleCode code) { return is_lasting(static_cast<std::uint32_t>(code)); };
    for (const BundleCode code : {BundleCode::product_wrong, BundleCode::revoked, BundleCode::expired,
                                  BundleCode::blob_bomb, BundleCode::rules_wrong, BundleCode::self_test_failed,
                                  BundleCode::trial_crashed, BundleCode::pinned_name_refused})
        EXPECT_TRUE(lasts(code)) << code_name(code);
    // Signatures are a mirror's to have stripped; the others pass.
    for (const BundleCode code : {BundleCode::ok, BundleCode::signature_threshold, BundleCode::envelope_malformed,
                                  BundleCode::clock_not_set, BundleCode::created_in_future, BundleCode::keys_expired,
                                  BundleCode::trial_unavailable, BundleCode::store_locked, BundleCode::already_pending})
        EXPECT_FALSE(lasts(code)) << code_name(code);
    EXPECT_FALSE(is_lasting(999));
}

}  // namespace
}  // namespace sluis
