#include <string>

#include "control/api/content.h"
#include "control/api/control_metrics.h"
#include "control/api/endpoints.h"
#include "control/api/openapi.h"
#include "control/bundle/hexadecimal.h"
#include "control/bundle/store_files.h"
#include "control/observability/dataplane_metrics.h"
#include "dataplane/interface/config.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

constexpr std::size_t kConfigLimit = std::size_t{1} << 20;  ///< bytes, as the dataplane reads

}  // namespace

Response get_config(Request& request, Services& services) {
    const auto text = read_whole_file(services.config_path, kConfigLimit);
    if (!text) return refusal({503, text.error().message, ""});
    const std::string digest = to_hex(sha256(as_bytes(*text)));
    api::Configuration configuration;
    configuration.set_path(services.config_path);
    configuration.set_sha256(digest);
    configuration.set_toml(*text);
    Response response = reply(request, configuration);
    response.etag = "\"" + digest.substr(0, 32) + "\"";
    return response;
}

Response get_metrics(Request& request, Services& services) {
    MetricsText text;
    write_control_metrics(text, services);
    write_dataplane_metrics(text, services.observatory, services.config.limits, Observatory::Clock::now());
    return reply_text(request.media_type, text.take());
}

Response get_openapi(Request& request, Services&) { return reply_text(request.media_type, std::string(kOpenApi)); }

}  // namespace sluis
