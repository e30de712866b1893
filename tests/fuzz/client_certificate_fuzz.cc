// Any bytes as the certificate of a client, in DER: whoever it is for has a role, and a name of one line that fits into
// an audit record. Only the configured unit makes an admin.
#include <mbedtls/x509_crt.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "control/api/tls/client_certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    if (mbedtls_x509_crt_parse_der(&certificate, data, size) == 0) {
        sluis::ApiConfig config;
        config.admin_unit = "sluis-admin";
        const sluis::Caller caller = sluis::caller_of(certificate, config);
        const std::string_view bytes(reinterpret_cast<const char*>(data), size);
        if (caller.role == sluis::Role::admin && bytes.find("sluis-admin") == bytes.npos) std::abort();
        const auto is_control = [](char each) { return static_cast<unsigned char>(each) < 0x20; };
        if (caller.name.size() > 1200 || std::any_of(caller.name.begin(), caller.name.end(), is_control)) std::abort();
    }
    mbedtls_x509_crt_free(&certificate);
    return 0;
}
