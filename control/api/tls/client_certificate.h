// What a client's certificate, once verified, says of it.
#pragma once

#include <mbedtls/x509_crt.h>

#include "control/api/caller.h"
#include "control/api/control_config.h"

namespace sluis {

/// Admin for a certificate with the configured organizational unit (OU), or one of the configured fingerprints; else
/// read. The name is the subject and the SHA-256 of the certificate.
Caller caller_of(const mbedtls_x509_crt& certificate, const ApiConfig& config);

}  // namespace sluis
