#include "control/api/tls/client_certificate.h"

#include <mbedtls/oid.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "control/bundle/hexadecimal.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

std::string_view bytes_of(const mbedtls_asn1_buf& value) { return {reinterpret_cast<const char*>(value.p), value.len}; }

/// Whether one of the subject's organizational units is exactly `unit`, byte for byte.
bool has_unit(const mbedtls_x509_crt& certificate, std::string_view unit) {
    constexpr std::string_view kOrganizationalUnit(MBEDTLS_OID_AT_ORG_UNIT, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_ORG_UNIT));
    for (const mbedtls_x509_name* part = &certificate.subject; part != nullptr; part = part->next)
        if (bytes_of(part->oid) == kOrganizationalUnit && bytes_of(part->val) == unit) return true;
    return false;
}

std::string subject_of(const mbedtls_x509_crt& certificate) {
    std::array<char, 512> text{};
    const int size = mbedtls_x509_dn_gets(text.data(), text.size(), &certificate.subject);
    return size < 0 ? "a subject that is too long"
                    : one_line(std::string_view(text.data(), static_cast<std::size_t>(size)));
}

}  // namespace

Caller caller_of(const mbedtls_x509_crt& certificate, const ApiConfig& config) {
    const std::string fingerprint = to_hex(sha256(as_bytes(std::string_view(bytes_of(certificate.raw)))));
    const auto is_it = [&](const std::string& each) { return ::strcasecmp(each.c_str(), fingerprint.c_str()) == 0; };
    const bool is_named = std::any_of(config.admin_fingerprints.begin(), config.admin_fingerprints.end(), is_it);
    const bool is_admin = is_named || (!config.admin_unit.empty() && has_unit(certificate, config.admin_unit));
    return {is_admin ? Role::admin : Role::read, "certificate " + subject_of(certificate) + ", SHA-256 " + fingerprint};
}

}  // namespace sluis
