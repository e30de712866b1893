#include "control/backup/signed_backup.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "control/api/tls/mbedtls_tls.h"
#include "control/bundle/bundle_clock.h"
#include "control/bundle/mbedtls_key.h"
#include "control/bundle/store_files.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

constexpr std::size_t kPemLimit = std::size_t{1} << 20;  ///< bytes of a file

/// mbedTLS's contexts, for one signature.
class Signer {
public:
    Signer() {
        mbedtls_entropy_init(&entropy_);
        mbedtls_ctr_drbg_init(&random_);
        mbedtls_pk_init(&key_);
    }
    ~Signer() {
        mbedtls_pk_free(&key_);
        mbedtls_ctr_drbg_free(&random_);
        mbedtls_entropy_free(&entropy_);
    }
    Signer(const Signer&) = delete;
    Signer& operator=(const Signer&) = delete;

    /// `pem`: a private key, of any kind that TLS takes. Empty when it cannot sign.
    std::string sign(const std::string& pem, const Sha256& digest) {
        const auto* text = reinterpret_cast<const unsigned char*>(pem.c_str());
        std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> room{};
        std::size_t size = 0;
        const bool is_signed = mbedtls::start_cryptography() &&
                               mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0) == 0 &&
                               mbedtls::parse_private_key(key_, text, pem.size() + 1, random_) == 0 &&
                               mbedtls::sign_sha256(key_, digest.data(), room.data(), size, random_) == 0;
        return is_signed ? std::string(reinterpret_cast<const char*>(room.data()), size) : "";
    }

private:
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_pk_context key_;
};

std::string about(const BoxFiles& box, std::int64_t now) {
    const nlohmann::ordered_json about{{"format", kBackupFormat},
                                       {"made", format_time(now)},
                                       {"sluis", kVersion},
                                       {"board", box.board},
                                       {"left_out", box.left_out}};
    return about.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

tl::expected<std::string, std::string> make_signed_backup(const BoxFiles& box, const ApiConfig& api, std::int64_t now) {
    if (!api.is_on()) return tl::unexpected(std::string("the box has no certificate to sign a backup with; enrol it"));
    const auto certificate = read_whole_file(api.certificate, kPemLimit);
    if (!certificate) return tl::unexpected(certificate.error().message);
    const auto key = read_whole_file(api.key, kPemLimit);
    if (!key) return tl::unexpected(key.error().message);
    std::vector<ArchiveFile> files{{"about.json", about(box, now)}};
    files.insert(files.end(), box.files.begin(), box.files.end());
    std::string content = make_archive(files, now);
    if (content.empty()) return tl::unexpected(std::string("no memory for the archive"));
    std::string over(kBackupDomain);
    over += '\0';
    over += content;
    std::string signature = Signer().sign(*key, sha256(as_bytes(over)));
    if (signature.empty()) return tl::unexpected(api.key + ": this key cannot sign");
    return make_tar({{"content.tar.gz", std::move(content)},
                     {"certificate.pem", *certificate},
                     {"signature", std::move(signature)}},
                    now);
}

}  // namespace sluis
