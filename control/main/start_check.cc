#include "control/main/start_check.h"

#include <sys/stat.h>

#include "control/api/listen_address.h"
#include "control/api/tls/tls_settings.h"
#include "control/api/unix_socket.h"
#include "dataplane/interface/group.h"
#include "dataplane/interface/runtime_directory.h"

namespace sluis {
namespace {

using Status = tl::expected<void, std::string>;

Status check_group(const char* key, const std::string& name) {
    if (name.empty()) return {};
    if (const auto found = find_group(key, name); !found) return tl::unexpected(found.error());
    return {};
}

Status check_store(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || S_ISDIR(found.st_mode)) return {};
    return tl::unexpected("store_unusable: " + path + " is no folder; name another one by store of [control]");
}

Status check_https(const ApiConfig& api) {
    if (!api.is_on()) return {};
    for (const std::string& address : api.listen)
        if (const Status listens = check_listen_address("api", address); !listens) return listens;
    if (const auto certificates = TlsSettings::load(api); !certificates) return tl::unexpected(certificates.error());
    return {};
}

Status check_notice_addresses(const NoticeConfig& notice) {
    for (const std::string& address : notice.listen)
        if (const Status listens = check_listen_address("notice", address); !listens) return listens;
    return {};
}

}  // namespace

Status check_start(const ControlConfig& config) {
    return check_group(kReadGroup, config.read_group)
        .and_then([&] { return check_group(kAdminGroup, config.admin_group); })
        .and_then([&] { return check_runtime_directory(config.dataplane.runtime_directory, 0); })
        .and_then([&] { return check_store(config.store.directory); })
        .and_then([&] { return check_https(config.api); })
        .and_then([&] { return check_notice_addresses(config.notice); });
}

}  // namespace sluis
