// Any text as an address of the configuration: where a collector of syslog is, and where clients are listened for. What
// is refused is refused with one line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "control/api/listen_address.h"
#include "control/events/syslog_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (sluis::SyslogTarget::check(text).find('\n') != std::string::npos) std::abort();
    const auto address = sluis::parse_listen_address("api", text);
    if (!address && (address.error().empty() || address.error().find('\n') != std::string::npos)) std::abort();
    return 0;
}
