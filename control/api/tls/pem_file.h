// PEM files into mbedTLS, and what mbedTLS says of a failure. An error is one line: the file, and what is wrong.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <cstddef>
#include <string>

#include <tl/expected.hpp>

#include "control/bundle/mbedtls_key.h"
#include "control/bundle/store_files.h"

namespace sluis::mbedtls {

inline constexpr std::size_t kPemLimit = std::size_t{1} << 20;  ///< bytes of a file

inline tl::unexpected<std::string> failure(const std::string& what, int code) {
    std::array<char, 128> text{};
    mbedtls_strerror(code, text.data(), text.size());
    return tl::unexpected(what + ": " + text.data());
}

/// `parse` takes the text with its terminating zero, and returns mbedTLS's code.
template <typename Parse>
tl::expected<void, std::string> read_pem(const std::string& path, Parse parse) {
    const auto text = read_whole_file(path, kPemLimit);
    if (!text) return tl::unexpected(text.error().message);
    const int code = parse(reinterpret_cast<const unsigned char*>(text->c_str()), text->size() + 1);
    if (code != 0) return failure(path + ": is no PEM file of its kind, or a part of it is damaged", code);
    return {};
}

inline tl::expected<void, std::string> read_certificates(const std::string& path, mbedtls_x509_crt& chain) {
    return read_pem(
        path, [&](const unsigned char* text, std::size_t size) { return mbedtls_x509_crt_parse(&chain, text, size); });
}

inline tl::expected<void, std::string> read_revocations(const std::string& path, mbedtls_x509_crl& list) {
    return read_pem(
        path, [&](const unsigned char* text, std::size_t size) { return mbedtls_x509_crl_parse(&list, text, size); });
}

inline tl::expected<void, std::string> read_private_key(const std::string& path, mbedtls_pk_context& key,
                                                        mbedtls_ctr_drbg_context& random) {
    return read_pem(
        path, [&](const unsigned char* text, std::size_t size) { return parse_private_key(key, text, size, random); });
}

}  // namespace sluis::mbedtls
