// Any ASCII text as a configuration file: an error of one line, or values that a policy can be made of. Not any other
// text: toml++ 3.3 comes to __builtin_unreachable on most characters up to U+0499 in a bare key.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/interface/config.h"
#include "dataplane/interface/policy.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_one_line(std::string_view error) { return !error.empty() && error.find('\n') == error.npos; }

void check(std::string_view text, bool need_pairs) {
    const auto config = parse_config(text, "fuzz.toml", need_pairs);
    if (!config) return require(is_one_line(config.error()));
    require(!need_pairs || !config->pairs.empty());
    const std::array<Category, 2> categories{{{"tiktok", true}, {"encrypted-dns", false}}};
    const auto policy = make_policy(*config, categories);
    require(policy ? policy->enforced.size() == categories.size() : is_one_line(policy.error()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (std::any_of(data, data + size, [](std::uint8_t byte) { return byte > 0x7f; })) return 0;
    check(text, true);
    check(text, false);
    return 0;
}
