// Host and authority values: which host do they name (RFC 3986, section 3.2; RFC 9110, section 7.2)?
#pragma once

#include <string_view>

#include "dataplane/packet/result.h"

namespace sluis {

/// The longest host that is read, bytes: no DNS name is longer as text (RFC 1035, section 2.3.4).
inline constexpr std::size_t kHttpHostLimit = 255;

/// The host in `uri-host [":" port]`, without the port and one trailing dot; an IPv6 literal keeps its brackets, and is
/// read without any, too. Fails with `http_malformed` when it is empty, or when servers could find different hosts in
/// it: white space, controls, commas, slashes, '@', percent-encoding, bytes above 0x7e, empty labels, a port that is no
/// number.
Result<std::string_view> read_http_host(std::string_view value) noexcept;

/// The same for the authority of a request target, which may begin with userinfo.
Result<std::string_view> read_http_authority(std::string_view authority) noexcept;

/// What comes between the `//` and the path of an absolute-form target, of any scheme. Empty for origin-form,
/// asterisk-form and relative targets. Fails with `http_malformed` for a target that some would read an authority in
/// and some would not.
Result<std::string_view> target_authority(std::string_view target) noexcept;

}  // namespace sluis
