// What may be named as a mirror, and the table [updates] as a whole.
#include <gtest/gtest.h>

#include <string>

#include "control/updates/mirror_url.h"
#include "control/updates/updates_config.h"

namespace sluis {
namespace {

TEST(MirrorUrl, IsAFolderOverHttps) {
    EXPECT_EQ(read_mirror_url("https://mirror.example/rules"), "https://mirror.example/rules/");
    EXPECT_EQ(read_mirror_url("https://mirror.example"), "https://mirror.example/");
    EXPECT_EQ(read_mirror_url("https://[2001:db8::1]:8443/a%20b/"), "https://[2001:db8::1]:8443/a%20b/");
    EXPECT_EQ(read_mirror_url("https://192.0.2.1:443/x/"), "https://192.0.2.1:443/x/");
}

TEST(MirrorUrl, IsNothingElse) {
    for (const char* text : {"",
                             "http://mirror.example/",
                             "HTTPS://mirror.example/",
                             "https://",
                             "https:///rules",
                             "https://user@m/",
                             "https://u:p@m/",
                             "https://m:0/",
                             "https://m:65536/",
                             "https://m:/",
                             "https://m:8x/",
                             "https://m/?a=b",
                             "https://m/#a",
                             "https://m/a b",
                             "https://m/../x",
                             "https://m/a/..",
                             "https://m/%2",
                             "https://m/%zz",
                             "https://[::1/",
                             "https://[::1]x/",
                             "https://[a]/",
                             "https://m\n/",
                             "https://m/\\",
                             "ftp://m/",
                             "m"})
        EXPECT_FALSE(read_mirror_url(text)) << text;
    EXPECT_FALSE(read_mirror_url("https://m/" + std::string(kMirrorUrlLimit, 'a')));
}

TEST(ProxyUrl, HasAPort) {
    EXPECT_EQ(read_proxy_url("http://proxy.example:3128"), "http://proxy.example:3128");
    for (const char* text : {"", "http://proxy.example", "https://proxy.example:1", "http://u:p@proxy.example:1",
                             "http://proxy.example:1/", "socks5://proxy.example:1", "proxy.example:1"})
        EXPECT_FALSE(read_proxy_url(text)) << text;
}

std::string problem_of(UpdatesConfig config) {
    if (config.mirrors.empty()) config.mirrors = {"https://m/"};
    return check_updates_config(config);
}

TEST(UpdatesConfig, IsOffWithoutAMirror) {
    EXPECT_FALSE(UpdatesConfig{}.is_on());
    EXPECT_EQ(check_updates_config({}), "");
}

TEST(UpdatesConfig, SaysWhatIsWrong) {
    UpdatesConfig config;
    EXPECT_EQ(problem_of(config), "");
    config.window = "2-5";
    EXPECT_EQ(problem_of(config), "window of [updates] is \"2-5\"; write two local times as \"02:00-05:00\"");
    config = {};
    config.every = 59;
    EXPECT_EQ(problem_of(config), "every of [updates] is too short; write \"1m\" or more");
    config = {};
    config.mirrors = {"https://m", "https://m/"};
    EXPECT_NE(problem_of(config).find("twice"), std::string::npos);
    config.mirrors = {"http://m/"};
    EXPECT_EQ(problem_of(config),
              "mirrors of [updates] is \"http://m/\", which is not HTTPS; write https://HOST/FOLDER");
    config.mirrors.clear();
    for (std::size_t i = 0; i <= kMirrorLimit; ++i) config.mirrors.push_back("https://m" + std::to_string(i));
    EXPECT_NE(problem_of(config).find("more than 8"), std::string::npos);
    config = {};
    config.proxy = "proxy";
    EXPECT_NE(problem_of(config).find("write http://HOST:PORT"), std::string::npos);
}

}  // namespace
}  // namespace sluis
