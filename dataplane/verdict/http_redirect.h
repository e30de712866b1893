// The answer that a refused HTTP/1.x client gets, in the server's place.
#pragma once

#include <string>
#include <string_view>

namespace sluis {

/// A whole 303 (See Other, RFC 9110, section 15.4.4: whatever the method was, the other resource is got by GET) without
/// content, which nobody may keep. Made with the policy, and only copied for a client. REQUIRES: `url` is one of
/// `notice_url` (codec::WebAddress).
std::string make_http_redirect(std::string_view url);

}  // namespace sluis
