#include "control/bundle/bundle_error.h"

#include <algorithm>

#include "dataplane/interface/one_line.h"

namespace sluis {

std::string_view code_name(BundleCode code) {
    const auto found =
        std::find_if(kBundleCodes.begin(), kBundleCodes.end(), [&](const auto& each) { return each.code == code; });
    return found == kBundleCodes.end() ? "unknown" : found->name;
}

BundleCode code_of(std::uint32_t number, BundleCode fallback) {
    const auto has_number = [&](const BundleCodeInfo& each) { return static_cast<std::uint32_t>(each.code) == number; };
    const auto found = std::find_if(kBundleCodes.begin(), kBundleCodes.end(), has_number);
    return found == kBundleCodes.end() ? fallback : found->code;
}

std::string describe(const BundleError& error) {
    return std::to_string(static_cast<unsigned>(error.code)) + " " + std::string(code_name(error.code)) + ": " +
           error.message;
}

tl::unexpected<BundleError> refuse(BundleCode code, std::string_view message) {
    return tl::unexpected(BundleError{code, one_line(message)});
}

}  // namespace sluis
