#include "dataplane/interface/one_line.h"

#include <gtest/gtest.h>

namespace sluis {
namespace {

TEST(OneLine, KeepsText) {
    for (const char* text : {"", "www.tiktok.com", "über €\xf0\x9f\x94\x92", "\xed\x9f\xbf \xee\x80\x80"})
        EXPECT_EQ(one_line(text), text);
}

TEST(OneLine, EscapesWhatSteersATerminal) {
    EXPECT_EQ(one_line("a\nb\x1b[2J\x7f"), "a\\x0ab\\x1b[2J\\x7f");
    EXPECT_EQ(one_line("\xc2\x9b"
                       "31m"),
              "\\xc2\\x9b31m")
        << "CSI as UTF-8";
    EXPECT_EQ(one_line("\x9b"
                       "31m"),
              "\\x9b31m")
        << "CSI as a byte";
    EXPECT_EQ(one_line("\xc2\xa0"), "\xc2\xa0") << "the first character behind C1";
    EXPECT_EQ(one_line("\xe2\x80\xae"), "\\xe2\\x80\\xae") << "right-to-left override";
    EXPECT_EQ(one_line("\xe2\x80\xa8"), "\\xe2\\x80\\xa8") << "line separator";
    EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
}

TEST(OneLine, EscapesWhatIsNoUtf8) {
    EXPECT_EQ(one_line("\xc0\x9b"), "\\xc0\\x9b") << "overlong";
    EXPECT_EQ(one_line("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");
    EXPECT_EQ(one_line("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(one_line("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond Unicode";
    EXPECT_EQ(one_line("\xe2\x82"), "\\xe2\\x82") << "cut short";
    EXPECT_EQ(one_line("\xe2\x1b"), "\\xe2\\x1b");
    EXPECT_EQ(one_line("\xff"), "\\xff");
}

}  // namespace
}  // namespace sluis
