// Which of the media types that are offered a client gets.
#include <gtest/gtest.h>

#include <string_view>

#include "control/api/media_type.h"

namespace sluis {
namespace {

constexpr std::string_view kOffered[]{"application/json", "application/x-protobuf", "text/plain; charset=utf-8"};

struct Choice {
    const char* accept;
    std::string_view chosen;
};

class MediaType : public testing::TestWithParam<Choice> {};

TEST_P(MediaType, IsTheOneThatIsPreferred) {
    EXPECT_EQ(choose_media_type(GetParam().accept, kOffered), GetParam().chosen) << GetParam().accept;
}

INSTANTIATE_TEST_SUITE_P(
    All, MediaType,
    testing::Values(Choice{"", kOffered[0]}, Choice{"*/*", kOffered[0]}, Choice{"application/x-protobuf", kOffered[1]},
                    Choice{"Application/X-Protobuf", kOffered[1]}, Choice{"application/*", kOffered[0]},
                    Choice{"text/*", kOffered[2]}, Choice{"text/plain", kOffered[2]},
                    Choice{"application/json;q=0.5, application/x-protobuf", kOffered[1]},
                    Choice{"application/json;q=0.5,application/x-protobuf;q=0.25", kOffered[0]},
                    Choice{"*/*;q=0.1, application/json;q=0", kOffered[1]}, Choice{"image/png, */*;q=0.1", kOffered[0]},
                    Choice{"application/json;q=0", ""}, Choice{"image/png", ""}, Choice{"json", ""}, Choice{",;,", ""},
                    Choice{"application/json;q=x", ""}, Choice{"application/", ""}));

}  // namespace
}  // namespace sluis
